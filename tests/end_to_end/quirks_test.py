# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repair leaves for Windows to settle (src/ntfs/QUIRKS.md): the quota of a removed file's owner."""

import json
import struct

from common import CHANNEL, MANIFEST, MEND, Scratch, main, run

RECORD = 1024
STANDARD_INFORMATION = 0x10
OWNER_ID = 0x30
ADMINISTRATORS = 0x100  # the owner that mkntfs enters into $Quota


class Quota(Scratch):
    def give_an_owner(self):
        """As Windows does while it tracks quotas: the faulty file counts against its owner."""
        part = self.windows_partition()
        name = CHANNEL.rsplit("\\", 1)[1].encode("utf-16-le")
        changed = 0
        with open(self.image, "r+b") as image:
            image.seek(part["offset"])
            volume = image.read(part["size_bytes"])
            at = volume.find(b"FILE")
            while at >= 0:
                record = volume[at:at + RECORD]
                if at % RECORD == 0 and name in record:
                    attribute = struct.unpack_from("<H", record, 0x14)[0]
                    kind, length, value = (struct.unpack_from(f, record, attribute + o)[0]
                                           for f, o in (("<I", 0), ("<I", 0x10), ("<H", 0x14)))
                    self.assertEqual(kind, STANDARD_INFORMATION)
                    self.assertGreaterEqual(length, 0x48)
                    image.seek(part["offset"] + at + attribute + value + OWNER_ID)
                    image.write(struct.pack("<I", ADMINISTRATORS))
                    changed += 1
                at = volume.find(b"FILE", at + 4)
        self.assertGreater(changed, 0)

    def marked_for_a_check(self):
        report = json.loads(run(MEND, "scan", "--disk", self.image, "--json").stdout)
        return any("marked this volume for a check" in (volume["reason"] or "") for volume in report["volumes"])

    def test_a_removed_file_with_an_owner_leaves_the_volume_marked_for_a_check(self):
        for action, owner, marked in (("delete", True, True), ("delete", False, False), ("quarantine", True, False)):
            with self.subTest(action=action, owner=owner):
                self.make_pc("--plain", "--clean")  # so that no replay brings records back
                if owner:
                    self.give_an_owner()
                self.mend("check", "--disk", self.image, "--replay")
                text = MANIFEST.read_text(encoding="utf-8").replace('action = "quarantine"', f'action = "{action}"')
                report = self.repair("--check", "full", manifest=self.write("manifest.toml", text))
                self.assertEqual(report["verdict"], "fixed")
                self.assertEqual(self.marked_for_a_check(), marked)
                self.mend("check", "--disk", self.image)
                self.assert_sound(self.plain_volume())


if __name__ == "__main__":
    main()
