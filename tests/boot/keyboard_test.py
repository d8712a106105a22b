# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys typed at the PC's own keyboard, by their positions: the digits of a recovery key from the top row and the number
pad, which are the same on every layout; BitLocker passwords on German and French keyboards."""

import time

import texts
from common import main
from machine import Disk, Firmware
from scene import Scene

# What is pressed for it, by QEMU's names of the keys of a US keyboard.
GERMAN = {"Z": ("shift", "y"), "ü": ("bracket_left",), "g": ("g",), "i": ("i",), "&": ("shift", "6"), "y": ("z",),
          "z": ("y",), "1": ("1",), "{": ("alt_r", "7"), "}": ("alt_r", "0")}
FRENCH = {"A": ("shift", "q"), "m": ("semicolon",), "w": ("z",), "é": ("2",), "1": ("shift", "1"), "@": ("alt_r", "0"),
          "&": ("1",), "z": ("w",), "i": ("i",), "e": ("e",)}


class Keyboard(Scene):
    def machine_without_keys(self, label, *pc_options):
        self.make_pc(*pc_options)
        known = self.pc.pop("bitlocker")  # so that the customer's folder gets no key
        self.make_stick()
        self.pc["bitlocker"] = known
        return self.machine(label, Firmware.BIOS, disks=[Disk(self.image, "ahci")])

    def chord(self, machine, *keys):
        machine.qmp.command("send-key", keys=[{"type": "qcode", "data": key} for key in keys])
        time.sleep(0.3)

    def finish(self, machine):
        self.verdict(machine, texts.FIXED)
        self.dismiss(machine)

    def test_digits_from_the_top_row_and_the_number_pad(self):
        with self.machine_without_keys("keyboard-digits") as machine:
            machine.wait_for(texts.KEY_WANTED)
            self.assert_shown(machine, "key")
            for i, digit in enumerate(self.recovery_key().replace("-", "")):
                self.chord(machine, digit if i % 12 < 6 else f"kp_{digit}")
            machine.wait_for(texts.KEY_TYPED)
            self.assert_shown(machine, "typed")
            self.chord(machine, "ret")
            self.finish(machine)

    def type_password(self, label, password, keys, layout):
        with self.machine_without_keys(label, "--password", password) as machine:
            machine.wait_for(texts.KEY_WANTED)
            self.chord(machine, "f3")
            for _ in range(layout):
                self.chord(machine, "f7")
            for character in password:
                self.chord(machine, *keys[character])
            self.chord(machine, "f2")  # on the screenshot one sees what was typed
            self.assert_shown(machine, "password")
            self.chord(machine, "ret")
            self.finish(machine)

    def test_a_password_on_a_german_keyboard(self):
        self.type_password("keyboard-german", "Zügig&yz{1}", GERMAN, 1)

    def test_a_password_on_a_french_keyboard(self):
        self.type_password("keyboard-french", "Amzwié@1&z", FRENCH, 2)


if __name__ == "__main__":
    main()
