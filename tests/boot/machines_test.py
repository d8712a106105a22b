# SPDX-License-Identifier: GPL-3.0-or-later
"""The other ways in which PCs start, and the other disks that they have."""

import texts
from common import log_records, main, need, run, sha256
from machine import EMMC_DISK_AT, Disk, Firmware, Stick, has_device
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

    def test_emmc_with_its_boot_partitions(self):
        if not has_device("emmc"):
            self.skipTest("SKIP: this QEMU lets nobody put in an eMMC; 11.1 does")
        self.make_scene(size="256M")
        chip = self.folder / "chip.img"
        with open(chip, "wb") as out:
            out.truncate(EMMC_DISK_AT)
        run(need("dd"), f"if={self.image}", f"of={chip}", "bs=128K", f"seek={EMMC_DISK_AT >> 17}", "conv=sparse")
        with self.machine("emmc", disks=[Disk(chip, "emmc")]) as machine:
            self.verdict(machine, texts.FIXED)
            self.dismiss(machine)
            said = machine.text()
        run(need("dd"), f"if={chip}", f"of={self.image}", "bs=128K", f"skip={EMMC_DISK_AT >> 17}", "conv=sparse")
        with open(chip, "rb") as image:
            self.assertEqual(image.read(EMMC_DISK_AT), bytes(EMMC_DISK_AT), "something wrote to the boot partitions")
        self.assertEqual(last_verdict(self.check_logs(said)), "fixed")
        self.check_fixed()
        disks = [r["mendstick.disk.path"] for r in log_records(self.stick) if r["event.action"] == "disk-found"]
        self.assertEqual(disks, ["/dev/mmcblk0"])

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
