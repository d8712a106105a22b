# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume that Windows did not close: its log is replayed before anything else, and only written with the rest."""

import json
import lzma
import unittest

from common import SOURCE, Scratch, log_records, main, sha256

UNCLEAN = SOURCE.parent / "shared/data/unclean-logs"


class OpenLog(Scratch):
    def test_a_repair_replays_the_log_first_and_leaves_it_closed(self):
        for kind in ("unclean", "unclean-1.1"):
            for encrypted in (False, True):
                with self.subTest(kind=kind, encrypted=encrypted):
                    self.image = self.folder / f"{kind}-{encrypted}.img"
                    self.make_pc("--log", kind, *([] if encrypted else ["--plain"]))
                    keys = ["--recovery-key", self.recovery_key()] if encrypted else []
                    report = self.repair(*keys)
                    self.assertEqual(report["verdict"], "fixed")
                    self.assertIn("records", report["volumes"][0]["replay"])
                    volume = self.plain_volume()
                    self.assert_sound(volume)
                    for path in self.channel_files("channel-bad"):
                        self.assertIsNone(self.file_hash(volume, path))
                    self.assertNotIn("replay", self.repair(*keys)["volumes"][0])
        self.assertTrue(any(r["event.action"] == "log-replayed" for r in log_records(self.stick)))

    def test_a_pc_that_stopped_at_its_work_is_repaired_from_what_had_ended(self):
        for cut, encrypted in ((0, False), (31, True), (90, False)):
            with self.subTest(cut=cut):
                self.make_pc("--crash-at", cut, *([] if encrypted else ["--plain"]))
                keys = ["--recovery-key", self.recovery_key()] if encrypted else []
                scan = self.mend("scan", "--disk", self.image, *keys).stdout
                self.assertRegex(scan, r"to be replayed \(\d{2,} records\)")
                report = self.repair(*keys)
                self.assertEqual(report["verdict"], "fixed")
                self.assertGreater(report["volumes"][0]["replay"]["redone"], 5)
                volume = self.plain_volume()
                self.assert_sound(volume)
                names = self.names_in(volume, "/Work")
                ended = self.pc["crash"]["committed"]
                self.assertEqual("created.txt" in names, ended > 0)
                self.assertEqual("renamed.txt" in names, ended > 2)
                self.assertEqual("doomed.dat" in names, ended < 6)
                self.assertEqual(sum(name.startswith("a name") for name in names), min(max(ended - 6, 0), 48))

    def test_a_log_that_cannot_be_replayed_is_told_by_scan_with_the_reason(self):
        self.make_pc("--plain", "--crash-at", 20, "--log", "unclean-1.1")
        part = self.windows_partition()
        with open(self.image, "r+b") as image:
            image.seek(part["offset"])
            at = part["offset"] + image.read(part["size_bytes"]).index(b"RSTR") + 4 * 4096
            image.seek(at)
            image.write(b"XCRD")
        before = sha256(self.image)
        scan = json.loads(self.mend("scan", "--disk", self.image, "--json", status=1).stdout)
        system = next(v for v in scan["volumes"] if v["windows"])
        self.assertEqual(system["state"], "log: damaged log")
        self.assertEqual(system["verdict"], "unsafe")
        self.assertIn("current LSN", system["reason"])
        self.assertEqual(self.repair(status=1)["volumes"][0]["verdict"], "unsafe")
        self.assertEqual(sha256(self.image), before)

    def test_where_nothing_is_to_be_repaired_the_log_stays_as_it_is(self):
        self.make_pc("--plain", "--healthy", "--log", "unclean")
        before = sha256(self.image)
        self.assertEqual(self.repair()["verdict"], "not-affected")
        self.assertEqual(sha256(self.image), before)

    def test_a_dry_run_replays_in_memory_only(self):
        self.make_pc("--plain", "--log", "unclean")
        before = sha256(self.image)
        self.assertEqual(self.repair("--dry-run")["verdict"], "would-fix")
        self.assertEqual(sha256(self.image), before)

    def test_a_saved_session_is_judged_before_the_log(self):
        self.make_pc("--plain", "--log", "unclean", "--hibernated")
        before = sha256(self.image)
        report = self.repair(status=1)
        self.assertEqual(report["volumes"][0]["verdict"], "unsafe")
        self.assertEqual(sha256(self.image), before)
        self.assertEqual(self.repair("--discard-hibernation")["verdict"], "fixed")
        self.assert_sound(self.plain_volume())

    def test_undo_brings_the_open_log_back(self):
        self.make_pc("--plain", "--log", "unclean")
        before = sha256(self.image)
        self.repair()
        journal = next(self.stick.glob("*.undo"))
        self.mend("undo", journal, "--disk", self.image)
        self.assertEqual(sha256(self.image), before)

    def test_scan_says_what_waits_and_replay_does_that_alone(self):
        self.make_pc("--plain", "--log", "unclean")
        self.assertIn("to be replayed", self.mend("scan", "--disk", self.image).stdout)
        report = json.loads(self.mend("replay", "--disk", self.image, "--audit-dir", self.stick, "--json").stdout)
        self.assertEqual(report["verdict"], "fixed")
        self.assertEqual(report["volumes"][0]["actions"], [])
        self.assertNotIn("to be replayed", self.mend("scan", "--disk", self.image).stdout)
        again = json.loads(self.mend("replay", "--disk", self.image, "--audit-dir", self.stick, "--json").stdout)
        self.assertEqual(again["verdict"], "not-affected")
        volume = self.plain_volume()
        self.assert_sound(volume)
        for path in self.channel_files("channel-bad"):
            self.assertIsNotNone(self.file_hash(volume, path))


@unittest.skipUnless(UNCLEAN.is_dir(), f"SKIP: no data at {UNCLEAN}")
class RealLogs(Scratch):
    """Volumes of Windows whose logs were left open."""

    def volumes(self):
        for packed in sorted(UNCLEAN.glob("*.img.xz")):
            self.image = self.folder / packed.stem
            self.image.write_bytes(lzma.decompress(packed.read_bytes()))
            yield packed.name

    def test_each_is_replayed_committed_and_sound_to_others(self):
        for name in self.volumes():
            with self.subTest(volume=name):
                self.mend("check", "--disk", self.image, "--replay")
                before = sha256(self.image)
                done = self.mend("replay", "--disk", self.image, "--any-volume", "--audit-dir", self.stick, "--json")
                self.assertEqual(json.loads(done.stdout)["verdict"], "fixed")
                self.assertNotEqual(sha256(self.image), before)
                self.assert_sound(self.image)
                self.mend("check", "--disk", self.image)


if __name__ == "__main__":
    main()
