# SPDX-License-Identifier: GPL-3.0-or-later
"""The other ways in which PCs start, and the other disks that they have."""

import texts
from common import main
from machine import Disk, Firmware, Stick
from scene import Scene, last_verdict


class Machines(Scene):
    def repair(self, label, firmware, disk, **options):
        _, said = self.boot(label, firmware, disks=[disk], **options)
        self.assertEqual(last_verdict(self.check_logs(said)), "fixed")
        self.check_fixed()

    def test_virtio_scsi_then_a_second_start(self):
        self.make_scene()
        disk = Disk(self.image, "virtio-scsi")
        self.repair("virtio-scsi", Firmware.UEFI, disk)
        repaired = self.folder / "repaired.img"
        self.image.rename(repaired)
        self.image.write_bytes(repaired.read_bytes())
        _, said = self.boot("second-start", Firmware.UEFI, disks=[disk], wanted=(texts.FIXED_EARLIER,))
        self.assertIn("This stick repaired this PC on 2026-11-25 12:0", said)
        self.assertEqual(self.image.read_bytes(), repaired.read_bytes(), "the second start wrote to the disk")
        self.assertEqual(last_verdict(self.check_logs(said)), "not-affected")
        self.assertEqual(len(list(self.stick.glob("*.jsonl"))), 2)

    def test_emmc(self):
        self.make_scene(size="256M")  # a card's size is a power of two
        self.repair("emmc", Firmware.UEFI, Disk(self.image, "emmc"))

    def test_sectors_of_4096_bytes(self):
        self.make_scene("--sector", "4096")
        self.repair("sectors-4096", Firmware.UEFI, Disk(self.image, sector=4096))

    def test_secure_boot_with_the_stick_on_usb_2(self):
        self.make_scene("--plain")
        self.repair("usb2", Firmware.SECURE_BOOT, Disk(self.image, "ahci"), sticks=[Stick(self.stick_image, usb="ehci")])


if __name__ == "__main__":
    main()
