# SPDX-License-Identifier: GPL-3.0-or-later
"""Sealed keyrings and sealed logs, from the preparer's host to the repaired PC and back."""

import json
import os
import re
import shutil

from common import MANIFEST, Scratch, log_records, main, run, sha256
from console_test import READY, Console
from stick_folder import IMAGE_INFO

MENDSTICK = os.environ["MENDSTICK"]
PROFILE = '[customer]\nname = "Acme GmbH"\n'
OTHER_ID = "11111111-2222-4333-8444-555555555555"
OTHER_KEY = "000011-000022-000033-000044-000055-000066-000077-000088"  # nobody's
WRONG = "000011-000022-000033-000044-000055"


class Sealed(Scratch):
    def setUp(self):
        super().setUp()
        self.customer = self.folder / "acme"
        (self.customer / "keys").mkdir(parents=True)
        (self.customer / "profile.toml").write_text(PROFILE)
        self.keyring = self.customer / "keyring"

    def mendstick(self, *arguments, status=0, **options):
        done = run(MENDSTICK, *arguments, **options)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def write_keys(self, with_id=True):
        host = self.pc["windows"]["host"]
        (self.customer / "keys/export.csv").write_text(
            "Hostname,KeyID,RecoveryKey\n"
            f"OTHER-PC,{OTHER_ID},{OTHER_KEY}\n"
            f"{host},{self.protector_id() if with_id else ''},{self.recovery_key()}\n")

    def seal(self, *options):
        """The passphrase that was printed."""
        done = self.mendstick("keys", "seal", self.customer / "keys", "-o", self.keyring, *options)
        return done.stdout.strip()

    def repair_sealed(self, passphrase, status=0):
        return self.mend("repair", "--disk", self.image, "--manifest", MANIFEST, "--audit-dir", self.stick, "--json",
                         "--keyring", self.keyring, "--keyring-passphrase", "-", input=passphrase + "\n",
                         status=status)


class KeyringTest(Sealed):
    def test_a_pc_is_repaired_with_the_one_key_that_is_its_own(self):
        self.make_pc()
        self.write_keys()
        passphrase = self.seal()
        self.assertRegex(passphrase, r"^\d{6}(-\d{6}){4}$")
        report = json.loads(self.repair_sealed(passphrase).stdout)
        self.assertEqual(report["verdict"], "fixed")
        opened = [r for r in log_records(self.stick) if r["event.action"] == "keyring-opened"]
        self.assertEqual([r["mendstick.keyring.keys"] for r in opened], [1])
        for secret in (passphrase, self.recovery_key(), OTHER_KEY, OTHER_ID):
            self.assertNotIn(secret, json.dumps(log_records(self.stick)))

    def test_a_key_that_was_exported_without_an_id_is_found_by_its_host(self):
        self.make_pc()
        self.write_keys(with_id=False)
        report = json.loads(self.repair_sealed(self.seal()).stdout)
        self.assertEqual(report["verdict"], "fixed")

    def test_a_wrong_passphrase_says_so_at_once_and_the_disk_is_untouched(self):
        self.make_pc()
        self.write_keys()
        self.seal()
        before = sha256(self.image)
        done = self.repair_sealed(WRONG, status=2)
        self.assertIn("this is not the passphrase of the keyring for Acme GmbH", done.stderr)
        done = self.repair_sealed("000011-000022-000033-000044-000056", status=2)
        self.assertIn("wrong in group 5", done.stderr)
        self.assertEqual(sha256(self.image), before)

    def test_the_build_is_that_of_the_profile_unless_it_is_given(self):
        self.make_pc()
        self.write_keys()
        (self.customer / "profile.toml").write_text(PROFILE + "build = 17\n")
        for options, said in (((), "for Acme GmbH, build 17\n"), (("--build", 18), "for Acme GmbH, build 18\n"),
                              (("--customer", "Acme GmbH"), "for Acme GmbH, build 17\n"),
                              (("--customer", "Somebody AG"), "for Somebody AG\n")):
            done = self.mendstick("keys", "seal", self.customer / "keys", "-o", self.keyring, *options)
            self.assertIn(said, done.stderr)
            self.assertIn(said.strip().rsplit(" ")[-1].encode(), self.keyring.read_bytes()[:0x100])

    def test_only_the_keys_of_a_list_of_hosts_are_carried(self):
        self.make_pc()
        self.write_keys()
        hosts = self.write("hosts.txt", "other-pc.corp.example\nNOT-THERE\n")
        passphrase = self.mendstick("keys", "seal", self.customer / "keys", "-o", self.keyring, "--hosts", hosts)
        self.assertIn("1 of 2 recovery keys", passphrase.stderr)
        self.assertIn("no key for NOT-THERE", passphrase.stderr)
        done = self.repair_sealed(passphrase.stdout.strip(), status=1)
        self.assertEqual(json.loads(done.stdout)["verdict"], "locked")
        self.assertIn("holds no key for a drive of this PC", done.stderr)

    def test_the_recipient_opens_it_and_is_nowhere_on_the_stick(self):
        self.make_pc()
        self.write_keys()
        identity = self.folder / "msp.key"
        public = self.mendstick("keys", "recipient", "-o", identity).stdout.strip()
        self.assertEqual(identity.stat().st_mode & 0o777, 0o600)
        card = self.folder / "card.html"
        passphrase = self.seal("--recipient", public, "--card", card)
        self.assertIn(passphrase, card.read_text())
        self.assertEqual(card.read_text().count("<svg "), 2)  # Code 128 and QR, for a scanner
        private = re.search(r"mendstick-private-([0-9a-f]{64})", identity.read_text())[1]
        self.assertNotIn(bytes.fromhex(private), self.keyring.read_bytes())
        table = self.folder / "keys.csv"
        self.mendstick("keys", "unseal", self.keyring, "--identity", identity, "-o", table)
        for text in (self.recovery_key(), OTHER_KEY, OTHER_ID):
            self.assertIn(text, table.read_text())
        other = self.folder / "other.key"
        self.mendstick("keys", "recipient", "-o", other)
        done = self.mendstick("keys", "unseal", self.keyring, "--identity", other, "-o", table, status=1)
        self.assertIn("another recipient", done.stderr)
        done = self.mendstick("keys", "seal", self.customer / "keys", "-o", self.keyring, "--recipient",
                              identity.read_text().splitlines()[1], status=2)
        self.assertIn("this is a private key", done.stderr)

    def test_build_refuses_keys_in_clear(self):
        self.make_pc()
        self.write_keys()
        (self.customer / "manifests").mkdir()
        shutil.copy(MANIFEST, self.customer / "manifests")
        done = self.mendstick("build", self.customer, "-o", self.folder / "acme.img", "--base", self.folder / "none",
                              status=2)
        self.assertIn("these keys are in clear", done.stderr)
        self.assertNotIn(self.recovery_key(), done.stderr)


class OnTheStick(Sealed):
    def make_stick(self, rest=""):
        for name in ("manifests", "logs", "mendstick"):
            (self.stick / name).mkdir(parents=True)
        shutil.copy(MANIFEST, self.stick / "manifests")
        (self.stick / "mendstick/image.toml").write_text(IMAGE_INFO)
        (self.stick / "profile.toml").write_text(
            PROFILE + (rest if "[stick]" in rest else rest + "[stick]\n") + 'unsigned = "allow"\n')

    def console(self):
        device = self.folder / "device"
        device.touch()
        return Console("--stick", self.stick, "--stick-device", device, "--disk", self.image, "--plain")

    def finish(self, console, word):
        console.wait_for(READY)
        console.press("x")
        self.assertEqual(console.end(), 0)
        self.assertIn(word, console.text)

    def files(self):
        return [f for f in self.stick.rglob("*") if f.is_file()]

    def test_the_passphrase_is_typed_once_and_nothing_of_it_stays(self):
        self.make_pc()
        self.write_keys()
        passphrase = self.seal()
        self.make_stick()
        shutil.copy(self.keyring, self.stick)
        console = self.console()
        console.wait_for("Type the passphrase")
        self.assertIn("Acme GmbH", console.text)
        console.press(WRONG.replace("-", "") + "\n")
        console.wait_for("not the passphrase")
        console.press(passphrase.replace("-", "") + "\n")
        self.finish(console, "*** FIXED ***")
        opened = [r for r in log_records(self.stick / "logs") if r["event.action"] == "keyring-opened"]
        self.assertEqual([r["mendstick.keyring.keys"] for r in opened], [1])
        for secret in (passphrase, self.recovery_key()):
            for form in (secret, secret.replace("-", "")):
                self.assertNotIn(form, console.text)
                for file in self.files():
                    self.assertNotIn(form.encode(), file.read_bytes(), file)

    def test_a_keyring_of_another_customer_or_a_damaged_one_is_left_closed(self):
        self.make_pc("--plain")
        self.write_keys_of_nobody()
        self.make_stick()
        self.mendstick("keys", "seal", self.customer / "keys", "-o", self.keyring, "--customer", "Somebody AG")
        shutil.copy(self.keyring, self.stick)
        console = self.console()
        self.finish(console, "*** FIXED ***")
        self.assertIn('the customer "Somebody AG"', console.sentences)
        (self.stick / "keyring").write_bytes(self.keyring.read_bytes()[:-1])
        console = self.console()
        self.finish(console, "*** FIXED EARLIER ***")
        self.assertIn("no whole keyring", console.sentences)

    def write_keys_of_nobody(self):
        (self.customer / "keys/export.csv").write_text(f"Hostname,KeyID,RecoveryKey\nX,{OTHER_ID},{OTHER_KEY}\n")

    def test_with_sealed_logs_nothing_names_the_pc_and_a_second_start_knows_it(self):
        self.make_pc("--plain")
        host = self.pc["windows"]["host"]
        identity = self.folder / "msp.key"
        public = self.mendstick("keys", "recipient", "-o", identity).stdout.strip()
        self.make_stick(f'[stick]\nlogs = "sealed"\nrecipient = "{public}"\n')
        for word in ("*** FIXED ***", "*** FIXED EARLIER ***"):
            self.finish(self.console(), word)
        for file in self.files():
            self.assertNotIn(host, file.name)
            content = file.read_bytes()
            self.assertNotIn(host.encode(), content, file)
            self.assertNotIn(host.encode("utf-16-le"), content, file)
        logs = sorted((self.stick / "logs").glob("*.jsonl.sealed"))
        self.assertEqual(len(logs), 2)
        self.assertEqual(list((self.stick / "logs").glob("*.jsonl")), [])
        done = self.mendstick("audit", "verify", logs[0], status=1)
        self.assertIn("mendstick audit open", done.stdout)
        self.mendstick("audit", "open", *logs, "--identity", identity, "-o", self.folder / "opened")
        opened = sorted((self.folder / "opened").glob("*.jsonl"))
        for log in opened:
            self.assertIn("consistent", self.mendstick("audit", "verify", log).stdout)
        self.assertIn(host, opened[0].read_text())


if __name__ == "__main__":
    main()
