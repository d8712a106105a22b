# SPDX-License-Identifier: GPL-3.0-or-later
"""`mendstick write` on real block devices: a machine with two sticks on USB and a disk of its own, as root, where
write_guest.sh calls it. The host then looks at what is on them."""

import os
import unittest
from pathlib import Path

from common import Scratch, main, need, run, sha256
from guest import Guest

MENDSTICK = os.environ["MENDSTICK"]
MODULES = ("xhci_pci", "usb_storage", "sd_mod", "ahci", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8")
SIZE = 96 << 20


class Write(Scratch):
    def blank(self, name, fill=b"\xa5"):
        path = self.folder / name
        with open(path, "wb") as file:
            for _ in range(SIZE >> 20):
                file.write(fill * (1 << 20))
        return path

    def make_image(self):
        """What the guest writes, and its map: as much like a stick as mformat makes it, with nothing to start."""
        image = self.folder / "stick.img"
        image.touch()
        os.truncate(image, 64 << 20)
        for command in (("mformat", "-i", image, "-F", "::"), ("mcopy", "-i", image, os.environ["MEND"], "::MEND")):
            done = run(need(command[0]), *command[1:])
            self.assertEqual(done.returncode, 0, done.stderr)
        return image

    def guest(self, image):
        guest = Guest(self.folder)
        for module in MODULES:
            guest.add_module(module)
        guest.add_program(need("busybox"), "bin/busybox")
        guest.add_program(MENDSTICK, "bin/mendstick")
        guest.add_file(image, "stick.img")
        guest.add_file(Path(__file__).with_name("write_guest.sh"), "init")
        (guest.root / "modules").write_text("".join(f"{name}\n" for name in guest.modules))
        return guest

    def test_a_stick_is_written_and_nothing_else(self):
        image = self.make_image()
        stick, mounted, fixed = self.blank("blank"), self.blank("mounted"), self.blank("fixed")
        done = run(need("mformat"), "-i", mounted, "-F", "::")
        self.assertEqual(done.returncode, 0, done.stderr)
        before = {path: sha256(path) for path in (mounted, fixed)}
        options = ["-machine", "q35", "-device", "qemu-xhci,id=xhci"]
        for name, path in (("STICK", stick), ("MOUNTED", mounted)):
            options += ["-drive", f"file={path},format=raw,if=none,id={name}",
                        "-device", f"usb-storage,bus=xhci.0,drive={name},serial={name},removable=on"]
        options += ["-drive", f"file={fixed},format=raw,if=none,id=FIXED", "-device",
                    "ide-hd,bus=ide.0,drive=FIXED,serial=FIXED"]
        said = self.guest(image).run("", options, memory="768")
        results = dict(line.split(": status ") for line in said.splitlines() if ": status " in line)
        self.assertEqual(results, {"stick": "0", "mounted": "1", "fixed": "1", "other serial": "1",
                                   "fixed by its serial": "0"}, said)
        self.assertIn("is mounted at /mnt", said)
        self.assertIn("neither removable nor on USB", said)
        self.assertEqual(sha256(mounted), before[mounted], "the mounted stick was written")
        for written in (stick, fixed):
            with open(written, "rb") as file, open(image, "rb") as wanted:
                self.assertEqual(file.read(64 << 20), wanted.read(), written)


if __name__ == "__main__":
    main()
