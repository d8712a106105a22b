# SPDX-License-Identifier: GPL-3.0-or-later
"""The other ways in which PCs start, and the other disks that they have."""

import texts
from common import main, sha256
from machine import Disk, Firmware, Stick, has_device
from scene import Scene, copy, last_verdict


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
        copy(self.image, repaired)
        _, said = self.boot("second-start", Firmware.UEFI, disks=[disk], wanted=(texts.FIXED_EARLIER,))
        self.assertIn("This stick repaired this PC on 2026-11-25 12:0", said)
        self.assertEqual(sha256(self.image), sha256(repaired), "the second start wrote to the disk")
        self.assertEqual(last_verdict(self.check_logs(said)), "not-affected")
        self.assertEqual(len(list(self.stick.glob("*.jsonl"))), 2)

    def test_emmc(self):
        if not has_device("emmc"):
            self.skipTest("SKIP: this QEMU has no eMMC; it came with version 9.1")
        self.make_scene(size="256M")  # its size is a power of two
        self.repair("emmc", Firmware.UEFI, Disk(self.image, "emmc"))

    def test_a_card_in_a_reader_is_no_disk_of_the_pc(self):
        self.make_scene("--plain", size="256M", more="disk_timeout = 3\n")
        with self.machine("sd-card", disks=[Disk(self.image, "sd-card")]) as machine:
            machine.wait_for(texts.NO_DISK)
            self.assert_shown(machine, "no-disk")
            machine.press("p")
            self.assertEqual(machine.wait_end(), "guest-shutdown")
        self.assert_untouched()

    def test_sectors_of_4096_bytes(self):
        self.make_scene("--sector", "4096")
        self.repair("sectors-4096", Firmware.UEFI, Disk(self.image, sector=4096))

    def test_secure_boot_with_the_stick_on_usb_2(self):
        self.make_scene("--plain")
        self.repair("usb2", Firmware.SECURE_BOOT, Disk(self.image, "ahci"),
                    sticks=[Stick(self.stick_image, usb="ehci")])


if __name__ == "__main__":
    main()
