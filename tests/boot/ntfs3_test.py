# SPDX-License-Identifier: GPL-3.0-or-later
"""The check finds nothing on volumes that the kernel's ntfs3 has worked on: a machine of a kernel, two modules and
ntfs3_init.cc makes thousands of operations on a volume, and switches itself off.

The kernel is Debian's, from the packages that `mendstick` keeps, or fetched by apt-get.
"""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

from common import MEND, Scratch, main, need, run
from machine import QEMU, SCALE

INIT = os.environ["NTFS3_INIT"]
PACKAGES = Path.home() / ".cache/mendstick/packages"
SIZE = 300 << 20
TIMEOUT = 600
# Bytes of a cluster and of a sector.
SHAPES = ((512, 512), (1024, 512), (4096, 512), (65536, 512), (4096, 4096))


class Ntfs3(Scratch):
    def kernel_package(self):
        known = sorted(PACKAGES.glob("linux-image-*.deb"))
        if known:
            return known[-1]
        depends = run("apt-cache", "depends", "--important", "linux-image-amd64").stdout.split()
        names = [word for word in depends if word.startswith("linux-image-") and word != "linux-image-amd64"]
        if not names or run("apt-get", "-q", "download", names[0], cwd=self.folder).returncode != 0:
            raise unittest.SkipTest("SKIP: no package of a kernel in mendstick's cache, and none can be fetched")
        return next(self.folder.glob("linux-image-*.deb"))

    def machine(self):
        """Kernel and initramfs."""
        tree = self.folder / "tree"
        done = run(need("dpkg-deb"), "-x", self.kernel_package(), tree)
        self.assertEqual(done.returncode, 0, done.stderr)
        root = self.folder / "root"
        (root / "dev").mkdir(parents=True)
        shutil.copy(INIT, root / "init")
        for name in ("virtio_blk", "ntfs3"):
            module = next(tree.rglob(f"{name}.ko*"))
            shutil.copy(module, root / module.name)
            if module.suffix == ".xz":
                subprocess.run([need("xz"), "-d", root / module.name], check=True)
        initramfs = self.folder / "initramfs"
        names = "\n".join(sorted(str(path.relative_to(root)) for path in root.rglob("*")))
        with open(initramfs, "wb") as out:
            subprocess.run([need("cpio"), "-o", "-H", "newc", "--quiet"], cwd=root, input=names.encode(), stdout=out,
                           check=True)
        return next(tree.rglob("vmlinuz-*")), initramfs

    def run_machine(self, kernel, initramfs, volume, seed):
        done = subprocess.run(
            [need(QEMU), "-accel", "tcg", "-cpu", "max", "-m", "512", "-display", "none", "-serial", "stdio", "-no-reboot",
             "-kernel", kernel, "-initrd", initramfs, "-append", f"console=ttyS0 quiet panic=-1 mend.seed={seed}",
             "-drive", f"file={volume},format=raw,if=virtio"],
            capture_output=True, text=True, errors="replace", timeout=TIMEOUT * SCALE, stdin=subprocess.DEVNULL)
        words = next((line for line in done.stdout.splitlines() if line.startswith("ntfs3: ")), None)
        self.assertIsNotNone(words, done.stdout + done.stderr)
        self.assertGreater(int(words.split()[1]), 6000, words)

    def test_volumes_that_ntfs3_has_worked_on_are_sound(self):
        kernel, initramfs = self.machine()
        for seed, (cluster, sector) in enumerate(SHAPES):
            with self.subTest(cluster=cluster, sector=sector):
                volume = self.folder / "volume.img"
                volume.unlink(missing_ok=True)
                volume.touch()
                os.truncate(volume, SIZE)
                made = run(need("mkntfs"), "-F", "-Q", "-q", "-c", cluster, "-s", sector, "-p", 0, "-H", 255, "-S", 63, volume)
                self.assertEqual(made.returncode, 0, made.stderr)
                self.run_machine(kernel, initramfs, volume, seed)
                done = self.mend("check", "--disk", volume)
                self.assertIn("sound", done.stdout)


if __name__ == "__main__":
    main()
