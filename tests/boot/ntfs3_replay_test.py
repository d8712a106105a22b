# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's ntfs3 makes of volumes with an open log, and what `mend replay` makes of them, is the same as far
as ntfs3 goes. The volumes are those of ../shared/data/unclean-logs, whose right outcome is known (tests/real)."""

import lzma
import shutil
from pathlib import Path

from common import Scratch, main, need
from guest import Guest

DATA = Path("../shared/data/unclean-logs")
# ntfs3 of Linux 6.12.117 does not mount these at all ("Invalid argument"), so that it has no opinion. Right after
# them is what unclean-logs.csv says; mend's outcome is one that ntfs3 mounts.
REFUSED = {
    "charlie.stolen.v20": "a transaction that did not end",
    "charlie.uncommitted.v11": "a transaction that did not end",
    "tiny.rewind12.v11": "a log from before the pages",
    "tiny.rolledback5.v11": "a log from before the pages",
    "xp7.pending.v11": "a commit record that begins in one page and ends in the next",
    "xp7.sizes.v11": "the log of Windows XP",
    "xp7.uncommitted.v11": "a transaction that did not end",
}


class Ntfs3Replay(Scratch):
    def volumes(self):
        """Of each: its name, and one copy for ntfs3, one that mend has replayed."""
        for packed in sorted(DATA.glob("*.img.xz")):
            name = packed.name.removesuffix(".img.xz")
            theirs, ours = self.folder / f"{name}.ntfs3", self.folder / f"{name}.mend"
            theirs.write_bytes(lzma.decompress(packed.read_bytes()))
            shutil.copy(theirs, ours)
            self.mend("replay", "--disk", ours, "--any-volume", "--audit-dir", self.folder / "audit")
            yield name, theirs, ours

    def contents(self, disks):
        """Of each disk what ntfs3 finds on it; None where it mounts nothing."""
        guest = Guest(self.folder)
        for module in ("virtio_blk", "ntfs3"):
            guest.add_module(module)
        guest.add_program(need("busybox"), "bin/busybox")
        guest.add_file(Path(__file__).with_name("ntfs3_replay_guest.sh"), "init")
        options = [word for disk in disks for word in ("-drive", f"file={disk},format=raw,if=virtio")]
        said = guest.run("", options, memory="1024")
        found = [[] for _ in disks]
        for line in said.splitlines():
            if line.startswith("disk "):
                number, words = line.removeprefix("disk ").split(": ", 1)
                found[int(number)].append(words)
        return [None if lines and lines[0].startswith("not mounted") else lines for lines in found]

    def test_ntfs3_and_mend_agree_wherever_ntfs3_replays(self):
        if not DATA.is_dir():
            self.skipTest(f"SKIP: {DATA} is not here")
        volumes = list(self.volumes())
        found = self.contents([disk for _, theirs, ours in volumes for disk in (theirs, ours)])
        agreed = 0
        for number, (name, _, _) in enumerate(volumes):
            theirs, ours = found[2 * number:2 * number + 2]
            with self.subTest(name):
                self.assertIsNotNone(ours, "ntfs3 does not mount what mend replayed")
                if theirs is None:
                    self.assertIn(name, REFUSED)
                else:
                    self.assertEqual(theirs, ours)
                    agreed += 1
        self.assertGreaterEqual(agreed, len(volumes) - len(REFUSED))


if __name__ == "__main__":
    main()
