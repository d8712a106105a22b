# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes and goes while the console is there: a terminal on the serial line, keyboards, disks, the technician's other
sticks with a key on them or for the log, and the stick itself. On a screen of 3840 x 2160, on which it stays readable."""

import time

import texts
from common import main, run, sha256
from machine import Disk, Firmware, Stick
from other_stick import ExfatStick, fat_stick, ntfs_stick
from scene import MENDSTICK, Scene, copy, last_verdict
from serial_terminal import SerialTerminal

LARGE = (3840, 2160)


class Hotplug(Scene):
    def make_scene_without_keys(self):
        self.make_pc()
        copy(self.image, self.before)
        known = self.pc.pop("bitlocker")  # so that the customer's folder gets no key
        stick = self.make_stick()
        self.pc["bitlocker"] = known
        return stick

    def log_on_stick(self):
        logs = self.fetch_logs()
        self.assertEqual(len(logs), 1)
        return logs[0]


class SerialLine(Hotplug):
    def test_a_terminal_that_comes_gets_a_full_screen_and_a_key_is_pasted_into_it(self):
        self.make_scene_without_keys()
        with self.machine("serial-line", Firmware.BIOS, disks=[Disk(self.image, "ahci")]) as machine:
            machine.wait_for(texts.KEY_WANTED)
            with SerialTerminal(machine, 80, 24) as terminal:
                terminal.press("Left")  # whoever comes later has to show that they are there
                self.assertIn("image of", terminal.wait_for("F2 show")[0])
                terminal.paste(self.recovery_key())
                terminal.wait_for(texts.KEY_TYPED)
                terminal.resize(100, 30)
                terminal.press("C-l")
                terminal.wait_until(lambda screen: "F2 show" in screen[-1])
                terminal.press("Enter")
                terminal.wait_for("FIXED: Windows can start.")
                terminal.press("m")
                terminal.wait_for("What now?")
                terminal.press("7")
                self.assertEqual(machine.wait_end(), "guest-reset")
        self.log_on_stick()
        self.check_fixed()


class Sticks(Hotplug):
    def assert_readable(self, machine, label, rows):
        """So many rows of text on the screen: the console's heading is a band of two."""
        picture = machine.screenshot(label)
        stride = 3 * picture.width
        left = [picture.pixels[at:at + 3] for at in range(0, stride * picture.height, stride)]
        band = next(n for n, pixel in enumerate(left) if pixel != left[0])
        self.assertEqual((picture.width, picture.height), LARGE)
        self.assertIn(picture.height * 2 // band, rows)

    def key_text(self):
        return (f"BitLocker Drive Encryption recovery key\r\n\r\nIdentifier:\r\n\r\n  {self.protector_id()}\r\n\r\n"
                f"Recovery Key:\r\n\r\n  {self.recovery_key()}\r\n").encode()

    def assert_log(self, path, content):
        path.write_bytes(content)
        done = run(MENDSTICK, "audit", "verify", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(content, self.log_on_stick().read_bytes())

    def test_a_key_comes_on_another_stick_and_the_log_leaves_on_others(self):
        stick = self.make_scene_without_keys()
        stick.edit("EFI/debian/grub.cfg", "set timeout=3", "set gfxpayload=3840x2160x32\nset timeout=3", self.folder)
        exfat, fat = ExfatStick(self.folder / "exfat.img"), fat_stick(self.folder / "fat.img")
        ntfs = ntfs_stick(self.folder / "ntfs.img")
        exfat.put("PC key.txt", self.key_text())
        sums = sha256(ntfs)
        with self.machine("other-sticks", Firmware.BIOS, disks=[Disk(self.image, "ahci")], pixels=LARGE,
                          options=["-device", "virtio-scsi-pci,id=scsi"]) as machine:
            machine.wait_for(texts.KEY_WANTED)
            machine.plug(driver="usb-kbd", id="keyboard", bus="xhci.0")
            machine.wait_for("A keyboard was plugged in: QEMU QEMU USB Keyboard.")
            machine.press("1")  # by that keyboard
            machine.wait_for("> *_____-")
            machine.unplug("keyboard")
            machine.wait_for("A keyboard was pulled out: QEMU QEMU USB Keyboard.")
            machine.plug_stick(1, Stick(ntfs))
            machine.wait_for("holds NTFS, which is not used here: take a stick with FAT32 or exFAT.")
            self.assert_readable(machine, "ntfs", range(25, 35))
            machine.pull(1)
            machine.wait_for("(QEMU QEMU HARDDISK) was pulled out.")
            machine.plug_stick(2, Stick(exfat.path))
            machine.wait_for("(PC key.txt).")
            self.verdict(machine, texts.FIXED)
            machine.press("m", "5")
            machine.wait_for("The log was saved to /dev/")
            machine.pull(2)
            machine.plug_stick(3, Stick(fat.path, read_only=True))
            machine.wait_for("(QEMU QEMU HARDDISK) was plugged in.", times=3)
            machine.press("m", "5")
            machine.wait_for("cannot be used: it is write-protected.")
            machine.pull(3)
            machine.plug_stick(4, Stick(fat.path))
            machine.wait_for("(QEMU QEMU HARDDISK) was plugged in.", times=4)
            machine.press("m", "5")
            machine.wait_for("The log was saved to /dev/", times=2)
            machine.add_image("disk1", ntfs)
            machine.plug(driver="scsi-hd", id="another", bus="scsi.0", drive="disk1")
            machine.wait_for("(QEMU QEMU HARDDISK) was plugged in.", times=5)
            machine.unplug("another")
            machine.wait_for("(QEMU QEMU HARDDISK) was pulled out.", times=4)
            self.assert_readable(machine, "saved", range(25, 35))
            self.dismiss(machine)
        exfat.check()
        (name,) = exfat.files().keys() - {"PC key.txt"}
        self.assert_log(self.folder / name, exfat.files()[name])
        self.assert_log(self.folder / name, fat.fetch(name, self.folder / "fetched").read_bytes())
        self.assertEqual(sha256(ntfs), sums)
        self.check_fixed()


class OwnStick(Hotplug):
    def test_it_is_put_back_into_another_port_and_the_run_goes_on(self):
        self.make_scene_without_keys()
        with self.machine("put-back", disks=[Disk(self.image, "ahci")]) as machine:
            machine.wait_for(texts.KEY_WANTED)
            machine.pull()
            machine.wait_for(texts.STICK_PULLED)
            machine.press(*self.recovery_key().replace("-", ""), "ret")
            machine.wait_for(texts.KEY_KEPT)
            self.assert_shown(machine, "away")
            machine.put_back(0, Stick(self.stick_image, usb="ehci"))
            machine.wait_for(texts.STICK_BACK)
            self.verdict(machine, texts.FIXED)
            said = machine.text()
            machine.pull()  # which ends it, as ever
            self.assertEqual(machine.wait_end(), "guest-reset")
        self.assertEqual(last_verdict(self.check_logs(said)), "fixed")
        self.check_fixed()


if __name__ == "__main__":
    main()
