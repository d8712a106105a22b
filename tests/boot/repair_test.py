# SPDX-License-Identifier: GPL-3.0-or-later
"""The stick does its job: two starts, by the two ways that PCs start, on the two kinds of disk that most have."""

import texts
from common import main
from machine import Disk, Firmware
from scene import Scene, last_verdict


class MainJob(Scene):
    def check(self, said):
        records = self.check_logs(said)
        self.assertEqual(last_verdict(records), "fixed")
        self.check_fixed()

    def test_secure_boot_nvme_bitlocker(self):
        stick = self.make_scene("--crash-at", "40")
        # The kernel says that it is locked down, if it is let.
        stick.edit("EFI/debian/grub.cfg", texts.QUIET, texts.TALKATIVE, self.folder)
        _, said = self.boot("secure-boot-nvme", Firmware.SECURE_BOOT)
        self.assertIn(texts.SECURE_BOOT, said)
        self.assertIn(texts.LOCKED_DOWN, said)
        self.check(said)

    def test_bios_ahci_plain(self):
        self.make_scene("--plain", "--mbr", "--crash-at", "75")
        _, said = self.boot("bios-ahci", Firmware.BIOS, disks=[Disk(self.image, "ahci")])
        self.check(said)


if __name__ == "__main__":
    main()
