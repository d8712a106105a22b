# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the pictures of the README from real screens: into image/screens/. Not a test; run it when a screen changes.

usage: MEND=… BROKENPC=… MENDSTICK=… PYTHONPATH=tests/end_to_end python3 tests/boot/make_pictures.py
"""

import time
from pathlib import Path

import texts
from common import main
from machine import Disk, Firmware
from scene import Scene

SCREENS = Path(__file__).resolve().parents[2] / "image/screens"


class Pictures(Scene):
    def keep(self, machine, name):
        SCREENS.mkdir(exist_ok=True)
        (SCREENS / f"{name}.png").write_bytes(machine.screenshot(name).png())

    def take(self, name, until):
        """A BIOS gives text of 80 columns, which a page shows best."""
        with self.machine(name, Firmware.BIOS, disks=[Disk(self.image, "ahci")]) as machine:
            machine.wait_for("automatically in 2s")
            self.keep(machine, "menu")
            machine.wait_for(until)
            time.sleep(2)  # for the screen, which is not the serial line
            self.keep(machine, name)

    def test_fixed(self):
        self.make_scene()
        self.take("fixed", texts.READ)

    def test_needs_you(self):
        self.make_pc()
        known = self.pc.pop("bitlocker")  # so that the customer's folder gets no key
        self.make_stick()
        self.pc["bitlocker"] = known
        self.take("needs-you", texts.KEY_WANTED)


if __name__ == "__main__":
    main()
