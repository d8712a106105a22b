# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that follow the volume's change journal ($UsnJrnl) learn of a repair from the records that it appends."""

import struct

from common import CHANNEL, Scratch, log_records, main, need, run, sha256

PAGE = 4096
OLD_NAME, NEW_NAME, CREATE, DELETE, CLOSE = 0x1000, 0x2000, 0x100, 0x200, 0x80000000
FOLDER = CHANNEL.rsplit("\\", 1)[0]
RULE = """
[[rule]]
id = "{id}"
action = "{action}"
path = '{path}'
{more}
"""


def manifest_text(*rules):
    head = '[manifest]\nid = "changes"\nversion = 1\ntitle = "t"\nsource = "s"\n'
    return head + "".join(RULE.format(id=f"r{i}", action=action, path=FOLDER + "\\" + name, more=more)
                          for i, (action, name, more) in enumerate(rules))


THREE = manifest_text(("quarantine", "C-00000291*32.sys", ""), ("delete", "C-00000290*.sys", ""),
                      ("rename", "C-00000285-00000000-00000041.sys", 'new_name = "parked.sys"'))


class Changes(Scratch):
    def journal(self, volume):
        done = run(need("ntfsls"), "-f", "-i", "-s", "-p", "/$Extend", volume)
        self.inode = next(line.split()[0] for line in done.stdout.splitlines() if "$UsnJrnl" in line)
        done = run(need("ntfscat"), "-f", "-i", self.inode, "-a", "0x80", "-n", "$J", volume, text=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def records(self, journal, start):
        """(USN, file, parent, reason, attributes, name) of each record; any reader goes from page to page like this."""
        found, at = [], start
        while at < len(journal):
            length, major, minor = struct.unpack_from("<IHH", journal, at)
            if length == 0:
                self.assertFalse(any(journal[at:(at // PAGE + 1) * PAGE]))
                at = (at // PAGE + 1) * PAGE
                continue
            self.assertEqual((major, minor, length % 8), (2, 0, 0))
            self.assertEqual(at // PAGE, (at + length - 1) // PAGE, "a record lies in two pages")
            file, parent, usn, _, reason, source, security, attributes, size, offset = struct.unpack_from(
                "<QQQQIIIIHH", journal, at + 8)
            self.assertEqual((usn, source, security, offset), (at, 0, 0, 60))
            name = journal[at + offset:at + offset + size].decode("utf-16-le")
            found.append((usn, file, parent, reason, attributes, name))
            at += length
        return found

    def check_repair(self, *pc_options, keys=()):
        self.make_pc(*pc_options)
        image_before = sha256(self.image)
        before = self.journal(self.plain_volume())
        report = self.repair(*keys, "--check", "full", manifest=self.write("manifest.toml", THREE))
        self.assertEqual(report["verdict"], "fixed")
        volume = self.plain_volume()
        self.assert_sound(volume)
        after = self.journal(volume)
        self.assertEqual(after[:len(before)], before)
        found = self.records(after, len(before))
        bad, gone, parked = ("C-00000291-00000000-00000032.sys", "C-00000290-00000000-00000007.sys",
                             "C-00000285-00000000-00000041.sys")
        self.assertEqual([(name, reason) for _, _, _, reason, _, name in found], [
            ("Mendstick.quarantine", CREATE), ("Mendstick.quarantine", CREATE | CLOSE),
            (report["run_id"], CREATE), (report["run_id"], CREATE | CLOSE),
            (bad, OLD_NAME), (bad, NEW_NAME), (bad, NEW_NAME | CLOSE),
            (gone, DELETE | CLOSE),
            (parked, OLD_NAME), ("parked.sys", NEW_NAME), ("parked.sys", NEW_NAME | CLOSE)])
        self.assertEqual(found[5][2], found[2][1], "it was moved into the run's folder")
        self.assertNotIn("changes-unrecorded", [r["event.action"] for r in log_records(self.stick)])
        self.judge(volume, found)
        self.mend("undo", next(self.stick.glob("*.undo")), "--disk", self.image)
        self.assertEqual(sha256(self.image), image_before)

    def judge(self, volume, found):
        """usnjls of the Sleuth Kit, which shares no code with us, lists the same."""
        done = run(need("usnjls"), "-l", volume)
        self.assertEqual(done.returncode, 0, done.stderr)
        listed = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith("Name: ")]
        self.assertEqual(listed[-len(found):], [name for *_, name in found])
        usns = [int(line.split(": ", 1)[1]) for line in done.stdout.splitlines() if line.startswith("Update Seq")]
        self.assertEqual(usns[-len(found):], [usn for usn, *_ in found])

    def test_what_a_repair_does_is_recorded_and_undone_with_it(self):
        self.check_repair("--plain")

    def test_the_same_under_bitlocker_and_after_a_replay(self):
        self.make_pc("--crash-at", 31)
        self.check_repair("--crash-at", 31, keys=["--recovery-key", self.recovery_key()])

    def fill_up(self):
        """Files of all sizes until hardly a cluster is free."""
        count = 0
        for clusters in (1 << shift for shift in range(13, -1, -1)):
            content = self.folder / "content"
            content.write_bytes(b"x" * (clusters * 4096))
            for _ in range(3):
                count += 1
                if run(need("ntfscp"), "-f", self.image, content, f"filling{count}.bin").returncode != 0:
                    break

    def test_on_a_full_volume_the_repair_goes_on_without_records(self):
        self.make_pc("--plain", "--bare", "--clean", "--big-directory", 400, size="64M")
        text = manifest_text() + RULE.format(
            id="all", action="quarantine", path="Windows\\Installer\\$PatchCache$\\*", more="max_matches = 500")
        manifest = self.write("manifest.toml", text)
        self.fill_up()
        before = self.journal(self.image)
        report = self.repair("--check", "full", manifest=manifest)
        self.assertEqual(report["verdict"], "fixed")
        self.assertEqual(len(report["volumes"][0]["actions"]), 400)
        self.assertEqual(self.journal(self.image), before)
        self.assert_sound(self.image)
        self.mend("check", "--disk", self.image)
        said = [r for r in log_records(self.stick) if r["event.action"] == "changes-unrecorded"]
        self.assertIn("No space left", said[0]["mendstick.reason"])

    def test_a_journal_in_doubt_is_left_alone_and_the_log_says_so(self):
        self.make_pc("--plain", "--clean")
        before = self.journal(self.plain_volume())
        last = before.rfind(b"u\0p\0d\0a\0t\0e\0") - 60
        with open(self.image, "r+b") as image:
            part = self.windows_partition()
            image.seek(part["offset"])
            at = image.read(part["size_bytes"]).find(before[last:last + 80])
            image.seek(part["offset"] + at + 0x18)
            image.write(b"\xff")  # its USN is another than its place
        damaged = self.journal(self.plain_volume())
        self.assertNotEqual(damaged, before)
        self.assertEqual(self.repair(manifest=self.write("manifest.toml", THREE))["verdict"], "fixed")
        volume = self.plain_volume()
        self.assert_sound(volume)
        self.assertEqual(self.journal(volume), damaged)
        said = [r for r in log_records(self.stick) if r["event.action"] == "changes-unrecorded"]
        self.assertEqual(len(said), 1)
        self.assertIn("left as it is", said[0]["mendstick.reason"])


if __name__ == "__main__":
    main()
