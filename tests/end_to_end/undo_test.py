# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo, and what happens when Windows has used the volume in between."""

from common import Scratch, main, sha256


class Undo(Scratch):
    def journal(self):
        return next(self.stick.glob("*.undo"))

    def test_undo_puts_every_byte_back(self):
        for options in ([], ["--plain"]):
            with self.subTest(options=options):
                self.make_pc(*options)
                before = sha256(self.image)
                keys = [] if options else ["--recovery-key", self.recovery_key()]
                self.repair(*keys)
                self.assertNotEqual(sha256(self.image), before)
                self.mend("undo", self.journal(), "--disk", self.image)
                self.assertEqual(sha256(self.image), before)
                self.mend("undo", self.journal(), "--disk", self.image)  # once more: nothing left to do
                self.assertEqual(sha256(self.image), before)
                for file in self.stick.iterdir():
                    file.unlink()

    def change_log(self):
        """As Windows does when it mounts the volume: another restart page."""
        part = self.windows_partition()
        done = self.mend("decrypt", "--disk", self.image, "-o", self.folder / "probe.ntfs",
                         *(["--recovery-key", self.recovery_key()] if self.pc.get("bitlocker") else []))
        del done
        content = (self.folder / "probe.ntfs").read_bytes()
        restart = content.index(b"RSTR")
        with open(self.image, "r+b") as image:
            image.seek(part["offset"] + restart + 0x60)
            byte = image.read(1)
            image.seek(-1, 1)
            image.write(bytes([byte[0] ^ 1]))

    def test_after_windows_used_the_volume_quarantined_files_are_moved_back(self):
        self.make_pc("--plain")
        report = self.repair()
        self.change_log()
        done = self.mend("undo", self.journal(), "--disk", self.image)
        self.assertIn("moving the quarantined files back", done.stdout)
        plain = self.plain_volume()
        self.assert_sound(plain)
        for action in report["volumes"][0]["actions"]:
            self.assertEqual(self.file_hash(plain, action["path"]), action["sha256"])
            self.assertIsNone(self.file_hash(plain, action["new_path"]))

    def test_undo_of_another_disk_names_the_one_wanted_and_writes_nothing(self):
        self.make_pc("--plain")
        self.repair()
        other = self.folder / "other.img"
        self.make_pc("--plain", seed=8, output=other)
        before = sha256(other)
        done = self.mend("undo", self.journal(), "--disk", other, status=2)
        self.assertIn("belongs to", done.stderr)
        self.assertEqual(sha256(other), before)

    def test_a_journal_of_another_machine_does_not_block_a_repair(self):
        self.make_pc("--plain")
        self.repair()
        journal = self.journal()
        # Closed journals are nobody's concern; nor is one that is damaged.
        journal.write_bytes(journal.read_bytes()[:-1] + b"x")
        other = self.folder / "other.img"
        self.make_pc("--plain", seed=8, output=other)
        report = self.repair(disk=other)
        self.assertEqual(report["verdict"], "fixed")

    def test_resume_with_nothing_to_do_says_so(self):
        self.make_pc("--plain")
        self.repair()
        before = sha256(self.image)
        self.mend("resume", "--audit-dir", self.stick, "--disk", self.image)
        self.assertEqual(sha256(self.image), before)


if __name__ == "__main__":
    main()
