# SPDX-License-Identifier: GPL-3.0-or-later
"""The check finds nothing on volumes that the kernel's ntfs3 has worked on: a machine of a kernel, two modules and
ntfs3_init.cc makes thousands of operations on a volume, and switches itself off."""

import os

from common import Scratch, main, need, run
from guest import Guest

INIT = os.environ["NTFS3_INIT"]
SIZE = 300 << 20
# Bytes of a cluster and of a sector.
SHAPES = ((512, 512), (1024, 512), (4096, 512), (65536, 512), (4096, 4096))


class Ntfs3(Scratch):
    def machine(self):
        guest = Guest(self.folder)
        guest.add_file(INIT, "init")
        for name in ("virtio_blk", "ntfs3"):
            guest.add_module(name)
        return guest

    def run_machine(self, guest, volume, seed):
        said = guest.run(f"mend.seed={seed}", ["-drive", f"file={volume},format=raw,if=virtio"])
        words = next((line for line in said.splitlines() if line.startswith("ntfs3: ")), None)
        self.assertIsNotNone(words, said)
        self.assertGreater(int(words.split()[1]), 6000, words)

    def test_volumes_that_ntfs3_has_worked_on_are_sound(self):
        guest = self.machine()
        for seed, (cluster, sector) in enumerate(SHAPES):
            with self.subTest(cluster=cluster, sector=sector):
                volume = self.folder / "volume.img"
                volume.unlink(missing_ok=True)
                volume.touch()
                os.truncate(volume, SIZE)
                made = run(need("mkntfs"), "-F", "-Q", "-q", "-c", cluster, "-s", sector, "-p", 0, "-H", 255, "-S", 63, volume)
                self.assertEqual(made.returncode, 0, made.stderr)
                self.run_machine(guest, volume, seed)
                done = self.mend("check", "--disk", volume)
                self.assertIn("sound", done.stdout)


if __name__ == "__main__":
    main()
