# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: a broken disk goes in, a repaired disk and a log come out; all else is as before."""

import hashlib
import json

from common import CHANNEL, MANIFEST, SOURCE, Scratch, log_records, main, sha256

DELETE = MANIFEST.read_text(encoding="utf-8").replace('action = "quarantine"', 'action = "delete"')


class MainJob(Scratch):
    def check_repaired(self, report, gone, moved_to=None):
        volume = report["volumes"][0]
        self.assertEqual(volume["verdict"], "fixed")
        self.assertEqual(sorted(a["path"] for a in volume["actions"]), gone)
        self.assertTrue(all(a["outcome"] == "done" for a in volume["actions"]))
        made = {f["path"]: f for f in self.pc["files"]}
        for action in volume["actions"]:
            self.assertEqual(action["sha256"], made[action["path"]]["sha256"])
            self.assertEqual(action["size_bytes"], made[action["path"]]["size_bytes"])
        after = self.plain_volume()
        self.assert_sound(after)
        for file in self.pc["files"]:
            if file["note"] in ("wof", "bitlocker") or not file["sha256"]:
                continue
            expected = None if file["path"] in gone else file["sha256"]
            self.assertEqual(self.file_hash(after, file["path"]), expected, file["path"])
        if moved_to:
            for action in volume["actions"]:
                self.assertTrue(action["new_path"].startswith(moved_to))
                self.assertEqual(self.file_hash(after, action["new_path"]), action["sha256"])
        return after

    def test_a_bitlocker_volume_is_repaired_by_quarantine(self):
        self.make_pc()
        report = self.repair("--recovery-key", self.recovery_key())
        self.assertEqual(report["verdict"], "fixed")
        self.assertFalse(report["dry_run"])
        self.assertEqual(report["manifests"][0]["id"], "crowdstrike-2024-07-19")
        self.assertEqual(report["manifests"][0]["sha256"], sha256(MANIFEST))
        volume = report["volumes"][0]
        self.assertEqual(volume["encryption"]["method"], "xts-aes-128")
        self.assertEqual(volume["windows"]["host"], self.pc["windows"]["host"])
        self.assertTrue(volume["windows"]["build"].startswith(str(self.pc["windows"]["build"])))
        self.check_repaired(report, self.channel_files("channel-bad"), "Mendstick.quarantine\\" + report["run_id"])

    def test_a_plain_volume_is_repaired_by_deletion(self):
        self.make_pc("--plain")
        manifest = self.write("delete.toml", DELETE)
        report = self.repair(manifest=manifest)
        self.assertIsNone(report["volumes"][0]["encryption"])
        self.check_repaired(report, self.channel_files("channel-bad"))

    def test_the_full_check_passes_before_and_after(self):
        self.make_pc("--plain")
        report = self.repair("--check", "full", manifest=self.write("delete.toml", DELETE))
        self.assertEqual(report["volumes"][0]["blemishes"], [])
        self.mend("check", "--disk", self.image)

    def test_a_rename_keeps_the_content(self):
        self.make_pc("--plain")
        path = self.channel_files("channel-bad")[0]
        text = (f'[manifest]\nid = "r"\nversion = 1\ntitle = "t"\n[[rule]]\nid = "one"\naction = "rename"\n'
                f"path = '{path}'\nnew_name = 'kept.bak'\n")
        report = self.repair(manifest=self.write("rename.toml", text))
        action = report["volumes"][0]["actions"][0]
        self.assertEqual(action["new_path"], path.rsplit("\\", 1)[0] + "\\kept.bak")
        after = self.plain_volume()
        self.assert_sound(after)
        self.assertIsNone(self.file_hash(after, path))
        self.assertEqual(self.file_hash(after, action["new_path"]), action["sha256"])

    def test_a_dry_run_says_the_same_and_writes_nothing(self):
        self.make_pc()
        before = sha256(self.image)
        report = self.repair("--recovery-key", self.recovery_key(), "--dry-run")
        self.assertEqual(report["verdict"], "would-fix")
        self.assertEqual(sorted(a["path"] for a in report["volumes"][0]["actions"]), self.channel_files("channel-bad"))
        self.assertEqual(sha256(self.image), before)
        self.assertEqual(list(self.stick.glob("*.undo")), [])

    def test_a_second_run_finds_nothing_and_says_why(self):
        self.make_pc()
        self.repair("--recovery-key", self.recovery_key())
        before = sha256(self.image)
        report = self.repair("--recovery-key", self.recovery_key())
        self.assertEqual(report["verdict"], "not-affected")
        self.assertIn("matches, but", report["volumes"][0]["idle_rules"][0]["reason"])
        self.assertEqual(sha256(self.image), before)

    def test_every_disk_layout_takes_the_same_path(self):
        for options in (["--sector", "4096"], ["--mbr"], ["--logical"], ["--bare"]):
            with self.subTest(options=options):
                self.make_pc(*options)
                report = self.repair("--recovery-key", self.recovery_key())
                self.assertEqual(report["verdict"], "fixed")
                plain = self.plain_volume()
                self.assert_sound(plain)
                for path in self.channel_files("channel-bad"):
                    self.assertIsNone(self.file_hash(plain, path))
                self.image.unlink()

    def test_the_backup_table_is_used_when_the_primary_is_damaged(self):
        self.make_pc()
        with open(self.image, "r+b") as image:
            image.seek(512 + 24)
            image.write(b"\xff" * 16)
        self.assertEqual(self.repair("--recovery-key", self.recovery_key())["verdict"], "fixed")


class Log(Scratch):
    def test_the_log_tells_the_run_and_holds_no_key(self):
        self.make_pc()
        key = self.recovery_key()
        report = self.repair("--recovery-key", key)
        logs = list(self.stick.glob("*.jsonl"))
        self.assertEqual(len(logs), 1)
        self.assertIn(self.pc["windows"]["host"], logs[0].name)
        self.assertIn(report["run_id"], logs[0].name)
        text = logs[0].read_bytes()
        previous = "0" * 64
        for number, line in enumerate(text.splitlines()):
            record = json.loads(line)
            self.assertEqual(record["mendstick.sequence"], number)
            self.assertEqual(record["mendstick.previous_sha256"], previous)
            previous = hashlib.sha256(line).hexdigest()
        self.assertEqual(previous, report["log_sha256"])
        actions = [r["event.action"] for r in log_records(self.stick)]
        self.assertEqual(actions[0], "run-started")
        self.assertEqual(actions[-1], "log-closed")
        for wanted in ("disk-found", "volume-found", "windows-found", "file-planned", "verified", "commit-started",
                       "file-changed", "commit-finished", "volume-verdict", "run-finished"):
            self.assertIn(wanted, actions)
        self.assertLess(actions.index("verified"), actions.index("commit-started"))
        self.assertIn(self.protector_id(), text.decode().lower())
        for group in key.split("-"):
            self.assertNotIn(key, text.decode())
            self.assertNotIn(f'"{group}"', text.decode())

    def test_the_journal_of_an_encrypted_volume_holds_no_plaintext(self):
        self.make_pc()
        self.repair("--recovery-key", self.recovery_key())
        journal = next(self.stick.glob("*.undo")).read_bytes()
        for word in ("CrowdStrike", "C-00000291", "INDX", "FILE0"):
            self.assertNotIn(word.encode(), journal)
            self.assertNotIn(word.encode("utf-16-le"), journal)

    def test_a_run_whose_log_cannot_be_written_does_not_touch_the_disk(self):
        self.make_pc("--plain")
        before = sha256(self.image)
        done = self.mend("repair", "--disk", self.image, "--manifest", MANIFEST, "--audit-dir",
                         self.folder / "absent/deeper", status=4)
        self.assertIn("absent/deeper", done.stderr)
        self.assertEqual(sha256(self.image), before)


class Screens(Scratch):
    def test_scan_lists_disks_protectors_and_windows_and_changes_nothing(self):
        self.make_pc()
        before = sha256(self.image)
        locked = json.loads(self.mend("scan", "--disk", self.image, "--json", status=1).stdout)
        volume = next(v for v in locked["volumes"] if v["encryption"])
        self.assertEqual(volume["verdict"], "locked")
        self.assertIn(self.pc["windows"]["host"], volume["encryption"]["description"])
        opened = json.loads(self.mend("scan", "--disk", self.image, "--json", "--recovery-key",
                                      self.recovery_key()).stdout)
        self.assertIn(self.pc["windows"]["host"], [v["windows"]["host"] for v in opened["volumes"] if v["windows"]])
        text = self.mend("scan", "--disk", self.image, "--recovery-key", self.recovery_key()).stdout
        self.assertIn(self.pc["windows"]["host"], text)
        self.assertEqual(sha256(self.image), before)

    def test_decrypt_gives_what_dislocker_gives(self):
        self.make_pc("--encrypt-all", size="128M")
        self.mend("decrypt", "--disk", self.image, "--recovery-key", self.recovery_key(), "-o", self.folder / "out.ntfs")
        self.assertEqual(sha256(self.folder / "out.ntfs"), sha256(self.plain_volume()))
        self.mend("decrypt", "--disk", self.image, "--recovery-key", self.recovery_key(), "-o", self.folder / "out.ntfs",
                  status=1)

    def test_the_manifests_that_are_shipped_all_load(self):
        self.make_pc("--plain")
        for manifest in sorted((SOURCE / "configs/manifests").glob("*.toml")):
            self.repair("--dry-run", manifest=manifest)


if __name__ == "__main__":
    main()
