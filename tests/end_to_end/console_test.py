# SPDX-License-Identifier: GPL-3.0-or-later
"""`mend console --plain`, the stick's session in lines of text, at a pseudo-terminal and on an image file."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from common import MEND, main, sha256
from stick_folder import StickFolder

READY = "Pull the stick or press a key"
SKIP, FIND = "\x1b[17~", "\x1b[14~"  # F6, F4
PATIENCE = 120


class Console:
    """A running `mend console`, its screen, and the keys pressed on it."""

    def __init__(self, *arguments):
        ours, theirs = pty.openpty()
        self.fd = ours
        self.process = subprocess.Popen([MEND, "console", *map(str, arguments)], stdin=theirs, stdout=theirs,
                                        stderr=theirs)
        os.close(theirs)
        self.raw = b""

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self.fd, 65536)
        except OSError:  # the other end has gone
            return False
        self.raw += piece
        return bool(piece)

    @property
    def text(self):
        plain = re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", self.raw).replace(b"\r", b"")
        return plain.decode()

    @property
    def sentences(self):
        """The text without its line breaks, whose places depend on the length of file names."""
        return " ".join(self.text.split())

    def wait_for(self, words):
        end = time.monotonic() + PATIENCE
        while words not in self.text:
            if time.monotonic() > end or not self.read(1):
                raise AssertionError(f"{words!r} did not appear:\n{self.text}")

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        """The exit status, once it has ended."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.2)
        status = self.process.wait(timeout=1)
        while self.read(0):
            pass
        os.close(self.fd)
        return status


class ConsoleTest(StickFolder):
    def supply_key(self):
        (self.stick / "keys/key.txt").write_text(self.recovery_key() + "\n")

    def console(self, *options, disks=None):
        arguments = ["--stick", self.stick, "--stick-device", self.device]
        for disk in disks or [self.image]:
            arguments += ["--disk", disk]
        return Console(*arguments, "--plain", *options)

    def session(self, *options, key="x", **more):
        console = self.console(*options, **more)
        console.wait_for(READY)
        console.press(key)
        return console, console.end()

    def test_an_encrypted_pc_is_repaired_without_a_question(self):
        self.make_pc()
        self.supply_key()
        console, status = self.session()
        self.assertEqual(status, 0)
        self.assertIn("*** FIXED ***", console.text)
        self.assertIn("Acme GmbH", console.text)
        self.assertIn("Channel file 291", console.text)
        volume = self.plain_volume()
        self.assert_sound(volume)
        for path in self.channel_files("bad"):
            self.assertIsNone(self.file_hash(volume, path))
        started = self.records("run-started")[0]
        self.assertEqual(started["organization.name"], "Acme GmbH")
        self.assertEqual(started["mendstick.image.id"], "0123456789abcdef0123456789abcdef")
        self.assertEqual(started["mendstick.image.built"], "2026-11-25T12:00:00Z")
        self.assertIn("mendstick.clock.not_before", started)
        self.assertEqual(started["mendstick.mode"], "auto")
        self.assertRegex((self.stick / "mendstick/stick-id").read_text(), r"^[0-9a-f]{16}\n$")
        self.assertEqual(started["mendstick.stick.id"], (self.stick / "mendstick/stick-id").read_text().strip())

    def test_a_second_boot_says_that_the_first_repaired_it(self):
        self.make_pc("--plain")
        self.session()
        first = self.records("run-started")[0]["mendstick.stick.id"]
        before = sha256(self.image)
        console, status = self.session()
        self.assertEqual(status, 0)
        self.assertIn("*** FIXED EARLIER ***", console.text)
        self.assertRegex(console.text, r"repaired this PC on \d{4}-\d\d-\d\d \d\d:\d\d UTC")
        self.assertEqual({r["mendstick.stick.id"] for r in self.records("run-started")}, {first})
        runs = self.records("run-started")  # each names the one before it
        self.assertEqual({r["mendstick.run.id"] for r in runs} & {r.get("mendstick.run.previous") for r in runs},
                         {r["mendstick.run.previous"] for r in runs if "mendstick.run.previous" in r})
        self.assertEqual(sum("mendstick.run.previous" in r for r in runs), 1)
        self.assertEqual(sha256(self.image), before)

    def test_a_healthy_pc_is_told_from_one_that_was_repaired(self):
        self.make_pc("--plain", "--healthy")
        console, _ = self.session()
        self.assertIn("*** NOTHING FOUND ***", console.text)

    def test_keys_pressed_while_it_works_do_not_take_the_verdict_away(self):
        self.make_pc("--plain")
        console = self.console()
        console.press("xx\npq")
        console.wait_for(READY)
        time.sleep(0.5)
        self.assertIsNone(console.process.poll())
        console.press("p")
        self.assertEqual(console.end(), 10)

    def test_pulling_the_stick_ends_it(self):
        self.make_pc("--plain")
        console = self.console()
        console.wait_for(READY)
        self.device.unlink()
        self.assertEqual(console.end(), 0)

    def test_the_verdict_stays_when_the_stick_went_before_it(self):
        self.make_pc("--plain")
        self.device.unlink()
        console = self.console()
        console.wait_for("*** FIXED ***")
        console.wait_for("Press a key to restart")
        time.sleep(1)
        self.assertIsNone(console.process.poll())
        console.press("x")
        self.assertEqual(console.end(), 0)

    def test_the_profile_can_end_it_after_a_time_and_power_off(self):
        self.make_pc("--plain")
        self.profile('[stick]\nrestart_after = 1\nat_end = "power-off"\n')
        console = self.console()
        self.assertEqual(console.end(), 10)
        self.assertIn("*** FIXED ***", console.text)

    def test_ask_shows_the_plan_and_takes_only_yes_or_no(self):
        self.make_pc("--plain")
        before = sha256(self.image)
        console = self.console("--mode", "ask")
        console.wait_for("Press Y for yes")
        for path in self.channel_files("bad"):
            self.assertIn(path.rsplit("\\", 1)[-1], console.text)
        console.press("\n x1")
        time.sleep(1)
        self.assertEqual(sha256(self.image), before)
        console.press("n")
        console.wait_for(READY)
        self.assertIn("*** NEEDS YOU ***", console.text)
        self.assertIn("the technician said no", console.text)
        console.press("x")
        console.end()
        self.assertEqual(sha256(self.image), before)
        self.assertEqual(self.records("consent")[0]["event.outcome"], "failure")

        console = self.console("--mode", "ask")
        console.wait_for("Press Y for yes")
        console.press("y")
        console.wait_for("*** FIXED ***")
        console.wait_for(READY)
        console.press("x")
        console.end()
        self.assertNotEqual(sha256(self.image), before)

    def test_scan_changes_nothing_and_needs_no_manifest(self):
        self.make_pc()
        shutil.rmtree(self.stick / "manifests")
        before = sha256(self.image)
        console, _ = self.session("--mode", "scan")
        self.assertIn("Nothing was changed", console.text)
        self.assertIn(self.protector_id().lower(), console.text.lower())
        self.assertEqual(sha256(self.image), before)

    def test_a_stick_that_takes_no_log_leaves_the_disk_alone(self):
        self.make_pc("--plain")
        before = sha256(self.image)
        shutil.rmtree(self.stick / "logs")
        (self.stick / "logs").write_text("a file where the folder should be")
        console, _ = self.session()
        self.assertIn("*** NEEDS YOU ***", console.text)
        self.assertIn("No disk of this PC was changed", console.text)
        self.assertIn("Is the stick full?", console.text)
        self.assertEqual(sha256(self.image), before)

    def test_a_mistake_in_the_profile_is_shown_with_its_place(self):
        self.make_pc("--plain")
        before = sha256(self.image)
        self.profile('[stick]\nmode = "fast"\n')
        console, status = self.session()
        self.assertEqual(status, 0)
        self.assertIn("profile.toml:5:8: 'mode' is 'fast'", console.text.replace("\n", ""))
        self.assertIn("*** NEEDS YOU ***", console.text)
        self.assertEqual(sha256(self.image), before)

    def test_policy_comes_from_the_profile(self):
        self.make_pc("--plain", "--hibernated")
        console, _ = self.session()
        self.assertIn("*** NEEDS YOU ***", console.text)
        self.assertIn("Service desk, 030 1234", console.text)
        self.profile('[repair]\ndiscard_hibernation = "all"\n')
        console, _ = self.session()
        self.assertIn("*** FIXED ***", console.text)

    def test_a_locked_volume_needs_somebody_and_lists_the_key_wanted(self):
        self.make_pc()
        before = sha256(self.image)
        for visit in (1, 2):
            console = self.console()
            console.wait_for(f"Recovery key ID: {self.protector_id().upper()}")
            console.press(SKIP)
            console.wait_for(READY)
            console.press("x")
            self.assertEqual(console.end(), 0)
            self.assertIn("*** NEEDS YOU ***", console.text)
            self.assertIn("No disk of this PC was changed", console.text)
            lines = (self.stick / "wanted-keys.csv").read_text().splitlines()
            self.assertEqual(lines[0], "protector_id,host,description,serial,first_wanted")
            self.assertEqual(len(lines), 2, f"visit {visit}: the ID is noted once")
            self.assertTrue(lines[1].lower().startswith(f"{self.protector_id().lower()},{self.host().lower()},"), lines[1])
        self.assertEqual(sha256(self.image), before)

    def test_the_key_is_typed_and_a_wrong_one_is_told(self):
        self.make_pc()
        console = self.console()
        console.wait_for("Recovery key ID")
        key = self.recovery_key().replace("-", "")
        console.press(key[:42] + "111111")
        console.wait_for("All groups are right")
        console.press("\n")
        console.wait_for("This recovery key does not open this drive.")
        console.press("\x7f" * 5)
        console.press("\x7f" + key[42:47] + "9")
        console.wait_for("Group 8 is wrong")
        console.press("\x7f" + key[47:] + "\n")
        console.wait_for("*** FIXED ***")
        console.wait_for(READY)
        console.press("x")
        self.assertEqual(console.end(), 0)
        self.assert_sound(self.plain_volume())
        self.assert_no_key_in(console.raw, "the screen")
        for log in self.stick.rglob("*"):
            if log.is_file():
                self.assert_no_key_in(log.read_bytes(), log)

    def test_a_password_is_typed(self):
        self.make_pc("--password", "Gr\u00fc\u00dfe aus Berlin")
        console = self.console()
        console.wait_for("Recovery key ID")
        console.press("\x1b3")  # F3 where there are no F keys
        console.press("Gr\u00fc\u00dfe aus Bern\n")
        console.wait_for("This password does not open this drive.")
        console.press("\x7flin\n")
        console.wait_for("*** FIXED ***")
        console.wait_for(READY)
        console.press("x")
        self.assertEqual(console.end(), 0)
        self.assertNotIn("Berlin", console.text)

    def test_a_key_file_on_another_stick_opens_it(self):
        bek = self.folder / "other" / "Office PC.BEK"
        bek.parent.mkdir()
        self.make_pc("--startup-key", bek)
        console = self.console("--key-folder", bek.parent)
        console.wait_for("Recovery key ID")
        away = bek.rename(self.folder / "away")
        console.press(FIND)
        console.wait_for("No key file was found")
        away.rename(bek)
        console.press(FIND)
        console.wait_for("PC.BEK).")
        console.wait_for("*** FIXED ***")
        console.wait_for(READY)
        console.press("x")
        self.assertEqual(console.end(), 0)

    def test_the_menu_undoes_the_run_after_a_yes_only(self):
        self.make_pc("--plain")
        before = sha256(self.image)
        console = self.console()
        console.wait_for(READY)
        after = sha256(self.image)
        self.assertNotEqual(before, after)
        console.press("m")
        console.wait_for("1  Undo this run")
        console.press("1")
        console.wait_for("Put everything back")
        console.press("n")
        time.sleep(0.5)
        self.assertEqual(sha256(self.image), after)
        console.press("1")
        console.press("y")
        console.wait_for("*** UNDONE ***")
        self.assertEqual(sha256(self.image), before)
        console.press("x")
        self.assertEqual(console.end(), 0)

    def test_the_log_is_saved_to_another_stick(self):
        self.make_pc("--plain")
        other = self.folder / "other"
        other.mkdir()
        console = self.console("--key-folder", other)
        console.wait_for(READY)
        console.press("m")
        console.wait_for("Save the log to another stick")
        console.press("5")
        console.wait_for("The log was saved to")
        log = next((self.stick / "logs").glob("*.jsonl"))
        self.assertEqual((other / log.name).read_bytes(), log.read_bytes())
        console.press("x")
        self.assertEqual(console.end(), 0)

    def test_a_disk_that_cannot_be_read_does_not_keep_the_other_from_being_repaired(self):
        self.make_pc("--plain")
        before = sha256(self.image)
        console, _ = self.session(disks=[self.folder / "no-such-disk", self.image])
        self.assertIn("*** NEEDS YOU ***", console.text)
        self.assertIn("no-such-disk", console.text)
        self.assertNotEqual(sha256(self.image), before)
        verdicts = {r["mendstick.verdict"] for r in self.records("volume-verdict")}
        self.assertEqual(verdicts, {"fixed", "failed"})

    @unittest.skipIf("mendstick.image=" in open("/proc/cmdline", encoding="ascii").read(), "SKIP: on a stick")
    def test_on_a_host_no_disk_is_taken_that_was_not_named(self):
        done = self.mend("console", "--stick", self.stick, status=2)
        self.assertIn("needs --disk", done.stderr)


if __name__ == "__main__":
    main()
