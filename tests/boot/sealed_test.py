# SPDX-License-Identifier: GPL-3.0-or-later
"""A stick that is of no use to whoever finds it: keys and logs are sealed, the passphrase is typed at the PC's own
keyboard, and the MSP opens the log with its private key. In a PC with the least memory that is supported."""

import shutil
from pathlib import Path

import preparer
import texts
from common import main
from machine import Firmware
from scene import Scene, last_verdict

LEAST_MEMORY = "512M"  # README.md, "Limits"
WRONG = "000011-000022-000033-000044-000055"


class Sealed(Scene):
    def make_sealed_scene(self):
        """Returns the passphrase."""
        self.make_pc()
        shutil.copy(self.image, self.before)
        customer = self.make_customer(keys="sealed", logs="sealed")
        sealed = preparer.mendstick("keys", "seal", customer / "keys", "-o", customer / "keyring")
        self.build_stick(customer)
        return sealed.stdout.strip()

    def type_digits(self, machine, passphrase):
        machine.press(*passphrase.replace("-", ""), "ret")

    def assert_tells_nothing(self, passphrase):
        """The whole of the stick, with what was deleted from it."""
        stick = Path(self.stick_image).read_bytes()
        for secret in (passphrase, self.recovery_key()):
            for form in (secret, secret.replace("-", "")):
                self.assertNotIn(form.encode(), stick)
        for text in (self.pc["windows"]["host"], self.protector_id()):
            for form in (text, text.lower()):
                for encoding in ("utf-8", "utf-16-le"):
                    self.assertNotIn(form.encode(encoding), stick, text)

    def test_the_passphrase_is_typed_and_the_log_opened_at_home(self):
        passphrase = self.make_sealed_scene()
        with self.machine("sealed", Firmware.SECURE_BOOT, memory=LEAST_MEMORY) as machine:
            machine.wait_for(texts.PASSPHRASE_WANTED)
            self.assert_shown(machine, "passphrase")
            self.type_digits(machine, WRONG)
            machine.wait_for(texts.PASSPHRASE_WRONG)
            self.type_digits(machine, passphrase)
            self.verdict(machine, texts.FIXED)
            self.dismiss(machine)
            said = machine.text()
        self.assert_tells_nothing(passphrase)
        records = self.check_logs(said)
        self.assertEqual(last_verdict(records), "fixed")
        self.assertEqual([r["mendstick.keyring.keys"] for r in records if r["event.action"] == "keyring-opened"], [1])
        self.check_fixed()
        self.start_again(passphrase)

    def start_again(self, passphrase):
        """Nobody on site can read the log of the first start; the stick knows the PC all the same."""
        with self.machine("sealed-again", Firmware.UEFI, memory=LEAST_MEMORY) as machine:
            machine.wait_for(texts.PASSPHRASE_WANTED)
            self.type_digits(machine, passphrase)
            self.verdict(machine, texts.FIXED_EARLIER)
            self.dismiss(machine)
        self.assertEqual(len(self.fetch_logs()), 2)
        self.assert_tells_nothing(passphrase)


if __name__ == "__main__":
    main()
