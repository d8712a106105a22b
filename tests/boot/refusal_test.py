# SPDX-License-Identifier: GPL-3.0-or-later
"""Secure Boot: what is not what was signed does not start."""

import struct
import time

import texts
from common import main
from machine import Firmware
from scene import Scene

PE_SIGNATURE_TABLE = 4  # of the data directories


class Refusal(Scene):
    def assert_refused(self, label, *words):
        with self.machine(label, Firmware.SECURE_BOOT) as machine:
            machine.wait_for(*words)
            time.sleep(5)  # what starts all the same does it within these
            self.assertNotIn(texts.STARTING, machine.text())
            self.assertNotIn(texts.SECURE_BOOT, machine.text(), "the kernel has started")
            self.assert_shown(machine, "refused")
        self.assert_untouched()

    def test_a_kernel_with_a_changed_byte(self):
        stick = self.make_scene("--plain")
        stick.damage("mendstick/vmlinuz", 4_000_000)
        self.assert_refused("changed-kernel", texts.REFUSED_KERNEL)

    def test_a_grub_with_a_changed_byte(self):
        stick = self.make_scene("--plain")
        stick.damage("EFI/BOOT/grubx64.efi", 500_000)
        self.assert_refused("changed-grub", *texts.REFUSED_GRUB)

    def test_a_grub_without_a_signature(self):
        stick = self.make_scene("--plain")
        grub = stick.fetch("EFI/BOOT/grubx64.efi", self.folder / "grub").read_bytes()
        optional = struct.unpack_from("<I", grub, 0x3C)[0] + 24
        self.assertEqual(struct.unpack_from("<H", grub, optional)[0], 0x20B, "PE32+")
        entry = optional + 112 + 8 * PE_SIGNATURE_TABLE
        start, length = struct.unpack_from("<II", grub, entry)
        self.assertGreater(length, 0)
        unsigned = bytearray(grub[:start])
        unsigned[entry:entry + 8] = bytes(8)
        (self.folder / "unsigned").write_bytes(unsigned)
        stick.put(self.folder / "unsigned", "EFI/BOOT/grubx64.efi")
        self.assert_refused("unsigned-grub", *texts.REFUSED_GRUB)


if __name__ == "__main__":
    main()
