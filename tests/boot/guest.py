# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine under QEMU that is Debian's kernel, some of its modules, some programs of this host and an init: for
what has to be done as root on devices, and must not be done to the host's own.

The kernel is that of the packages which `mendstick` keeps, or one fetched by apt-get.
"""

import re
import shutil
import subprocess
import unittest
from pathlib import Path

from common import need, run
from machine import QEMU, SCALE

PACKAGES = Path.home() / ".cache/mendstick/packages"
TIMEOUT = 600


def kernel_package(folder):
    known = sorted(PACKAGES.glob("linux-image-*.deb"))
    if known:
        return known[-1]
    depends = run("apt-cache", "depends", "--important", "linux-image-amd64").stdout.split()
    names = [word for word in depends if word.startswith("linux-image-") and word != "linux-image-amd64"]
    if not names or run("apt-get", "-q", "download", names[0], cwd=folder).returncode != 0:
        raise unittest.SkipTest("SKIP: no package of a kernel in mendstick's cache, and none can be fetched")
    return next(folder.glob("linux-image-*.deb"))


class Guest:
    """Its initramfs grows in self.root; modules lie at the top of it, in self.modules in the order to load them."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.tree = self.folder / "kernel"
        self.root = self.folder / "root"
        self.modules = []
        subprocess.run([need("dpkg-deb"), "-x", kernel_package(self.folder), self.tree], check=True)
        (self.root / "dev").mkdir(parents=True)

    def add_module(self, name):
        """With all that it depends on. One that is built into the kernel is there anyway."""
        name = name.replace("-", "_")
        found = next((path for path in self.tree.rglob("*.ko*") if path.name.split(".")[0].replace("-", "_") == name), None)
        if found is None or name in self.modules:
            return
        for other in filter(None, run(need("modinfo"), "-F", "depends", found).stdout.strip().split(",")):
            self.add_module(other)
        module = self.root / f"{name}.ko"
        if found.suffix == ".xz":
            module.write_bytes(subprocess.run([need("xz"), "-dc", found], check=True, capture_output=True).stdout)
        else:
            shutil.copy(found, module)
        self.modules.append(name)

    def add_file(self, path, to):
        target = self.root / str(to).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        target.chmod(0o755)

    def add_program(self, path, to):
        """With its shared libraries, at the places where the loader looks for them."""
        self.add_file(path, to)
        for library in re.findall(r"(/\S+) \(0x", run("ldd", path).stdout):
            self.add_file(library, library)

    def run(self, command_line, options, memory="512"):
        """Until it switches itself off. Returns what it printed."""
        initramfs = self.folder / "initramfs"
        names = "\n".join(sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*")))
        with open(initramfs, "wb") as out:
            subprocess.run([need("cpio"), "-o", "-H", "newc", "--quiet"], cwd=self.root, input=names.encode(), stdout=out,
                           check=True)
        done = subprocess.run(
            [need(QEMU), "-accel", "tcg", "-cpu", "max", "-m", memory, "-display", "none", "-serial", "stdio", "-no-reboot",
             "-kernel", next(self.tree.rglob("vmlinuz-*")), "-initrd", initramfs,
             "-append", f"console=ttyS0 quiet panic=-1 {command_line}", *map(str, options)],
            capture_output=True, text=True, errors="replace", timeout=TIMEOUT * SCALE, stdin=subprocess.DEVNULL)
        return done.stdout + done.stderr
