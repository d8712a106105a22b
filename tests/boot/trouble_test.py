# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on site: the stick is full, write-protected or pulled out, there are two of them, there is no disk.
The disk is as it was, or the commit that had begun is finished, and the screen says which."""

import hashlib
import struct
import time

import texts
from blklog import WriteLog
from common import MANIFEST, main, run
from machine import Disk, Firmware, Stick
from scene import MENDSTICK, Scene, copy, last_verdict

LOG_RESERVE = 256 * 1024  # src/repair/record.cc
WAIT = "disk_timeout = 3\n"


class Trouble(Scene):
    def assert_stays(self, machine):
        """A stick that has gone long before the verdict is no sign that anybody has read it."""
        time.sleep(5)
        if machine.process.poll() is not None:
            machine.fail("it has restarted before anybody had the time to read the screen")


class NothingDone(Trouble):
    """Trouble before the commit: the disk stays byte for byte as it was."""

    def boot_in_vain(self, label, **options):
        _, said = self.boot(label, wanted=(texts.NEEDS_YOU,), **options)
        self.assertIn(texts.UNCHANGED, said)
        self.assert_untouched()
        return said

    def test_a_stick_without_room_for_a_log(self):
        stick = self.make_scene("--plain")
        stick.fill(self.folder)
        self.assertIn("No space left", self.boot_in_vain("full-stick"))

    def test_a_stick_without_room_for_the_journal(self):
        stick = self.make_scene("--plain")
        stick.fill(self.folder, leave=LOG_RESERVE + 64 * 1024)
        self.assertIn("No space left", self.boot_in_vain("no-room-for-journal"))

    def test_a_stick_that_is_write_protected(self):
        self.make_scene("--plain")
        before = self.stick_image.read_bytes()
        said = self.boot_in_vain("write-protected", sticks=[Stick(self.stick_image, read_only=True)])
        self.assertIn(texts.STICK_READ_ONLY, said)
        self.assertEqual(self.stick_image.read_bytes(), before)

    def test_no_disk_names_the_controller(self):
        self.make_scene("--plain", more=WAIT)
        with self.machine("no-disk", disks=[]) as machine:
            machine.wait_for(texts.NO_DISK)
            machine.wait_for("PCI 8086:2922 (SATA controller at 0000:00:1f.2), driver ahci")
            machine.wait_for("no disk answers there")
            self.assert_shown(machine, "no-disk")
            machine.press("r")
            self.assertEqual(machine.wait_end(), "guest-reset")


class DoneAllTheSame(Trouble):
    def test_a_stick_that_is_pulled_before_anything_is_written_and_put_back(self):
        self.make_scene()
        with self.machine("pulled-early") as machine:
            machine.wait_for(texts.UNLOCKING)
            machine.pull()
            self.verdict(machine, texts.NEEDS_YOU)
            self.assertIn(texts.UNCHANGED, machine.text())
            self.assertIn(texts.RUNS_WHEN_BACK, machine.text())
            self.assert_stays(machine)
            self.assert_untouched()
            machine.put_back(0, Stick(self.stick_image))
            machine.wait_for(texts.FIXED)
            machine.wait_for(texts.READ, times=2)
            self.assert_shown(machine, "back")
            self.dismiss(machine)
        done = run(MENDSTICK, "audit", "verify", self.fetch_logs()[-1])  # the first has no end
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.check_fixed()

    def test_a_stick_that_is_pulled_during_the_commit(self):
        self.make_scene("--plain")
        log = self.folder / "disk.log"
        disk = Disk(self.image, log=log, writes_per_second=2)
        with self.machine("pulled-late", disks=[disk]) as machine:
            machine.wait_for(texts.STARTING)
            while not WriteLog(log, self.image.stat().st_size).entries:
                if machine.seconds() > 300:
                    machine.fail("nothing was written to the disk")
                time.sleep(0.1)
            written = len(WriteLog(log, self.image.stat().st_size).entries)
            machine.pull()
            said = machine.wait_for(*texts.VERDICTS)
            self.assert_shown(machine, "verdict")
            self.assert_stays(machine)
            text = machine.text()
            self.dismiss(machine)
        self.assertGreater(len(WriteLog(log, self.image.stat().st_size).entries), written + 2,
                           "pulled too late to count")
        self.assertEqual(said, texts.FIXED, text)
        self.check_fixed_without_log()

    def check_fixed_without_log(self):
        volume = self.plain_volume()
        self.assert_sound(volume)
        for path in self.channel_files("channel-bad"):
            self.assertIsNone(self.file_hash(volume, path))

    def test_two_sticks_of_one_image(self):
        self.make_scene("--plain")
        twin = copy(self.stick_image, self.folder / "twin.img")
        with self.machine("two-sticks", sticks=[Stick(self.stick_image), Stick(twin)]) as machine:
            machine.wait_for(texts.TWO_STICKS)
            machine.wait_for(texts.PULL_ONE)
            self.assert_shown(machine, "two-sticks")
            self.assert_untouched()
            machine.pull(1)
            self.verdict(machine, texts.FIXED)
            self.dismiss(machine)
            self.check_logs(machine.text())
        self.check_fixed()

    def test_a_journal_of_another_machine_changes_nothing(self):
        stick = self.make_scene("--plain")
        self.put_foreign_journal(stick)
        _, said = self.boot("foreign-journal")
        self.assertIn("which is not here: left alone", said)
        names = [log.name for log in self.fetch_logs()]
        self.assertEqual(len(names), 1)
        self.assertEqual(last_verdict(self.check_logs(said)), "fixed")
        self.assertTrue((self.stick / "foreign.undo").is_file())
        self.check_fixed()

    def put_foreign_journal(self, stick):
        """A journal of another PC, valid and not closed: what a power cut in mid-commit leaves."""
        pc, other, logs = self.pc, self.folder / "other.img", self.folder / "other-logs"
        self.make_pc("--plain", output=other, seed=8)
        self.mend("repair", "--disk", other, "--manifest", MANIFEST, "--audit-dir", logs)
        self.pc = pc
        journal = bytearray(next(logs.glob("*.undo")).read_bytes())
        for sector in (0, 0x1000):  # journal/FORMAT.md, state sectors: 2 is valid
            struct.pack_into("<I", journal, sector + 8, 2)
            journal[sector + 0x1E0:sector + 0x200] = hashlib.sha256(journal[sector:sector + 0x1E0]).digest()
        (self.folder / "foreign.undo").write_bytes(journal)
        stick.put(self.folder / "foreign.undo", "logs/foreign.undo")


if __name__ == "__main__":
    main()
