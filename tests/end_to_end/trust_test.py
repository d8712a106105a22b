# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures: what nobody signed, and what somebody changed, does nothing; minisign is the judge."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import preparer
from common import CHANNEL, MANIFEST, MEND, SOURCE, Scratch, log_records, main, need, run, sha256
from console_test import READY, Console
from preparer import mendstick

EXAMPLE = SOURCE / "configs/customers/example"
PASSPHRASE = "a passphrase of the tests\n"
EPOCH = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000"}


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


class Interop(Scratch):
    """minisign and mendstick take each other's files."""

    def setUp(self):
        super().setUp()
        self.manifest = Path(shutil.copy(MANIFEST, self.folder))
        self.signature = Path(f"{self.manifest}.minisig")

    def minisign(self, *arguments, status=0, **options):
        done = run(need("minisign"), *arguments, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def test_minisign_checks_what_mendstick_signed(self):
        trust = self.folder / "trust"
        mendstick("trust", "new-keys", "--trust", trust, input=PASSPHRASE * 2)
        self.assertEqual(sorted(p.name for p in trust.iterdir()), ["build.key", "build.pub", "manifest.key", "manifest.pub"])
        for key in trust.glob("*.key"):
            self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        mendstick("manifest", "sign", self.manifest, "--trust", trust, input=PASSPHRASE, env=EPOCH)
        done = self.minisign("-V", "-p", trust / "manifest.pub", "-m", self.manifest)
        self.assertIn(f"timestamp:1790000000\tfile:{self.manifest.name}\thashed", done.stdout)
        self.minisign("-V", "-p", trust / "build.pub", "-m", self.manifest, status=1)
        # With our key minisign signs what we take; a wrong passphrase signs nothing for either.
        self.signature.unlink()
        self.minisign("-S", "-s", trust / "manifest.key", "-m", self.manifest, input=PASSPHRASE)
        mendstick("manifest", "verify", self.manifest, "--trust", trust)
        done = mendstick("manifest", "sign", self.manifest, "--trust", trust, input="another\n", status=1)
        self.assertIn("the passphrase does not fit", done.stderr)
        self.assertNotIn("another", done.stderr)
        edit(self.manifest, "max_matches", "max_matches ")
        self.minisign("-V", "-p", trust / "manifest.pub", "-m", self.manifest, status=1)

    def test_mendstick_checks_what_minisign_signed(self):
        public, secret = self.folder / "mini.pub", self.folder / "mini.key"
        for protection in ("-W", ""):
            words = [w for w in ("-G", "-f", protection, "-p", public, "-s", secret) if w]
            self.minisign(*words, input=None if protection else PASSPHRASE * 2)
            for kind in ("", "-l"):
                words = [w for w in ("-S", kind, "-s", secret, "-m", self.manifest, "-t", "a comment, signed too") if w]
                self.minisign(*words, input=None if protection else PASSPHRASE)
                done = mendstick("manifest", "verify", self.manifest, "--trusted", public)
                self.assertIn(": good: signed with key ", done.stdout)
                self.assertIn("a comment, signed too", done.stdout)
            # Its secret key signs here, too.
            mendstick("manifest", "sign", self.manifest, "--key", secret, input=None if protection else PASSPHRASE)
            self.minisign("-V", "-p", public, "-m", self.manifest)
        edit(self.signature, "trusted comment: timestamp:", "trusted comment: timestamp:1")
        done = mendstick("manifest", "verify", self.manifest, "--trusted", public, status=1)
        self.assertIn("it was changed after it was signed", done.stderr)
        self.signature.write_text("untrusted comment: x\nQQ==\n")
        done = mendstick("manifest", "verify", self.manifest, "--trusted", public, status=1)
        self.assertIn(f"{self.signature}:3: ", done.stderr)
        self.signature.unlink()
        self.assertIn("it is not signed", mendstick("manifest", "verify", self.manifest, "--trusted", public, status=1).stderr)


class AtBuild(Scratch):
    def setUp(self):
        super().setUp()
        self.customer = Path(shutil.copytree(EXAMPLE, self.folder / "acme"))

    def build(self, status=0, **options):
        return mendstick("build", self.customer, "-o", self.folder / "acme.img", "--size", "64M", status=status, **options)

    def test_without_keys_the_two_commands_that_help_are_named(self):
        home = {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "home")}
        said = self.build(status=2, env=home).stderr
        self.assertIn("acme/profile.toml: there is no trusted build key", said)
        self.assertIn("acme/manifests/crowdstrike-2024-07-19.toml: it is not signed", said)
        commands = [part.split("`")[0] for part in said.split("`mendstick ")[1:]]
        self.assertEqual(commands, ["trust new-keys", f"sign {self.customer}"])
        # They are all that is wanted.
        mendstick(*commands[0].split(), "--no-passphrase", env=home)
        mendstick(*commands[1].split(), env=home)
        self.build(env=home)
        self.assertIn("is there already", mendstick(*commands[0].split(), env=home, status=1).stderr)

    def test_what_was_changed_is_refused_and_signed_again_only_where_it_must_be(self):
        preparer.sign(self.customer)
        self.build()
        edit(self.customer / "profile.toml", 'mode = "auto"', 'mode = "ask" ')
        self.assertIn("acme/profile.toml: it was changed after it was signed", self.build(status=2).stderr)
        done = mendstick("sign", self.customer)
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        self.assertIn("profile of Example GmbH", done.stdout)
        self.build()
        self.assertIn("everything is signed", mendstick("sign", self.customer).stdout)
        # Nothing with a fault is signed.
        edit(self.customer / "profile.toml", 'mode = "ask"', 'mode = "fast"')
        (self.customer / "profile.toml.minisig").unlink()
        self.assertIn("acme/profile.toml:12:8: 'mode'", mendstick("sign", self.customer, status=2).stderr)
        self.assertFalse((self.customer / "profile.toml.minisig").exists())

    def test_each_key_is_good_for_its_own_files_only(self):
        trust = preparer.keys()
        mendstick("manifest", "sign", self.customer / "manifests/crowdstrike-2024-07-19.toml", "--key", trust / "build.key")
        said = self.build(status=2).stderr
        self.assertIn("which is not trusted for manifests", said)
        run(need("minisign"), "-S", "-s", trust / "manifest.key", "-m", self.customer / "profile.toml")
        self.assertIn("which is not trusted for profiles", self.build(status=2).stderr)

    def test_no_secret_key_gets_into_an_image(self):
        preparer.sign(self.customer)
        self.build()
        image = (self.folder / "acme.img").read_bytes()
        run(need("mcopy"), "-n", "-i", f"{self.folder}/acme.img@@1M", "::mendstick/initramfs", self.folder / "packed")
        unpacked = run(need("zstd"), "-dc", self.folder / "packed", text=False).stdout
        self.assertGreater(len(unpacked), 1 << 20)
        for name in ("build", "manifest"):
            public = base64.b64decode((preparer.TRUST / f"{name}.pub").read_text().splitlines()[1])
            secret = base64.b64decode((preparer.TRUST / f"{name}.key").read_text().splitlines()[1])
            seed, key = secret[0x3e:0x5e], secret[0x5e:0x7e]
            self.assertEqual(public[10:], key)
            self.assertIn(base64.b64encode(public), image)  # the search finds what is there
            for haystack in (image, unpacked):
                for needle in (seed, seed[:16], base64.b64encode(secret)[-80:], b"encrypted secret key"):
                    self.assertNotIn(needle, haystack)

    def test_a_secret_key_among_a_customers_files_is_no_key_of_a_pc(self):
        preparer.sign(self.customer)
        shutil.copy(preparer.TRUST / "build.key", self.customer / "keys/build.txt")
        self.assertIn("acme/keys/build.txt: there is no key in this file", self.build(status=2).stderr)
        self.assertFalse((self.folder / "acme.img").exists())


class OnTheStick(Scratch):
    """A stick as it is built, laid out in a folder, and somebody who changes it."""

    def setUp(self):
        super().setUp()
        self.device = self.folder / "device"
        self.device.touch()

    def make_stick(self, profile="", hosts="", version=1):
        """Of a customer with build 7."""
        customer = self.folder / "customer"
        (customer / "manifests").mkdir(parents=True)
        edit(Path(shutil.copy(MANIFEST, customer / "manifests")), "version = 1", f"version = {version}")
        (customer / "profile.toml").write_text(f'[customer]\nname = "Acme"\nbuild = 7\n{hosts}{profile}')
        preparer.sign(customer)
        image = self.folder / "stick.img"
        mendstick("build", customer, "-o", image, "--size", "64M")
        self.stick.mkdir()
        done = run(need("mcopy"), "-s", "-n", "-i", f"{image}@@1M", "::*", self.stick)
        self.assertEqual(done.returncode, 0, done.stderr)
        return customer

    def session(self, *answers, options=()):
        console = Console("--stick", self.stick, "--stick-device", self.device, "--disk", self.image, "--plain",
                          *options)
        for words, key in answers:
            console.wait_for(words)
            console.press(key)
        console.wait_for(READY)
        console.press("x")
        self.assertEqual(console.end(), 0)
        return console.text.replace("\n", " ")

    def assert_refused(self, *words, options=()):
        before = sha256(self.image)
        said = self.session(options=options)
        for text in ("*** NEEDS YOU ***", "No disk of this PC was changed", *words):
            self.assertIn(text, said)
        self.assertEqual(sha256(self.image), before)

    def test_what_is_signed_repairs_and_says_who_signed_it(self):
        self.make_pc("--plain")
        self.make_stick()
        said = self.session()
        self.assertIn("*** FIXED ***", said)
        self.assertNotIn("UNSIGNED", said)
        started = next(r for r in log_records(self.stick / "logs") if r["event.action"] == "run-started")
        ids = {p.stem: p.read_text().split("public key ")[1].split("\n")[0] for p in preparer.TRUST.glob("*.pub")}
        self.assertEqual(started["mendstick.profile.signer"], ids["build"])
        self.assertEqual(started["mendstick.manifests"][0]["signer"], ids["manifest"])
        self.assertEqual(started["mendstick.build"], 7)
        self.assertFalse(started["mendstick.policy.unsigned"])

    def test_a_swapped_manifest(self):
        self.make_pc("--plain")
        self.make_stick()
        manifest = self.stick / "manifests" / MANIFEST.name
        original = manifest.read_text()
        edit(manifest, "C-00000291*.sys", "C-0000029*.sys")
        self.assert_refused(f"{MANIFEST.name}: it was changed after it was signed")
        Path(f"{manifest}.minisig").unlink()
        self.assert_refused(f"{MANIFEST.name}: it is not signed")
        # Signed, but by nobody whom this stick trusts.
        other = self.folder / "other"
        mendstick("trust", "new-keys", "--trust", other, "--no-passphrase")
        mendstick("manifest", "sign", manifest, "--trust", other)
        self.assert_refused("which is not trusted for manifests")
        # One more manifest, unsigned, beside the signed one.
        manifest.write_text(original)
        mendstick("manifest", "sign", manifest)
        shutil.copy(manifest, self.stick / "manifests/more.toml")
        self.assert_refused("more.toml: it is not signed")

    def test_an_old_manifest_that_was_signed_once(self):
        self.make_pc("--plain")
        self.make_stick("[minimum.manifests]\ncrowdstrike-2024-07-19 = 2\n", version=2)
        mendstick("manifest", "sign", shutil.copy(MANIFEST, self.stick / "manifests"))
        self.assert_refused("it is version 1 of crowdstrike-2024-07-19; the profile takes none before 2")

    def test_a_changed_profile(self):
        self.make_pc("--plain")
        customer = self.make_stick()
        profile = self.stick / "profile.toml"
        original = profile.read_text()
        for more in ("[repair]\nallow_dirty = true\n", '[stick]\nunsigned = "allow"\n', "[stick]\nshell = true\n"):
            profile.write_text(original + more)
            self.assert_refused("profile.toml: it was changed after it was signed")
        # The customer's own profile of an earlier build, properly signed: not the one of this image.
        edit(customer / "profile.toml", "build = 7", "build = 6")
        preparer.sign(customer)
        for name in ("profile.toml", "profile.toml.minisig"):
            shutil.copy(customer / name, self.stick)
        self.assert_refused("build 6; this stick was built for Acme, build 7")

    def test_a_stick_that_takes_unsigned_files_says_so(self):
        self.make_pc("--plain")
        self.make_stick('[stick]\nunsigned = "allow"\n')
        manifest = self.stick / "manifests" / MANIFEST.name
        Path(f"{manifest}.minisig").unlink()
        said = self.session()
        self.assertIn("*** FIXED ***", said)
        self.assertGreaterEqual(said.count("UNSIGNED"), 2)
        started = next(r for r in log_records(self.stick / "logs") if r["event.action"] == "run-started")
        self.assertTrue(started["mendstick.policy.unsigned"])
        self.assertIsNone(started["mendstick.manifests"][0]["signer"])

    def test_no_option_is_above_the_profile(self):
        self.make_pc("--plain", "--hibernated")
        self.make_stick()
        for option in (["--discard-hibernation"], ["--allow-dirty"], ["--any-volume"], ["--check", "full"],
                       ["--manifest", MANIFEST], ["--keys", EXAMPLE / "keys"], ["--profile", EXAMPLE / "profile.toml"],
                       ["--recovery-key", "-"], ["--audit-dir", self.folder]):
            done = run(MEND, "console", "--stick", self.stick, "--disk", self.image, *option, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(f"`mend console` takes no {option[0]}", done.stderr)
        self.assert_refused("hibernat")

    def test_a_pc_of_another_customer(self):
        self.make_pc("--plain")
        host = self.pc["windows"]["host"]
        self.make_stick(hosts='hosts = ["ACME-*", "acme?"]\n')
        self.assert_refused(f"this PC is {host}, and the stick is for ACME-*, acme? only")
        records = log_records(self.stick / "logs")
        self.assertIn("host-refused", {r["event.action"] for r in records})
        before = sha256(self.image)
        said = self.session(("Do it?", "n"), options=("--mode", "ask"))
        self.assertIn(f"CAUTION: this PC is {host}", said)
        self.assertEqual(sha256(self.image), before)
        said = self.session(("Do it?", "y"), options=("--mode", "ask"))
        self.assertIn("*** FIXED ***", said)
        self.assertIn(CHANNEL.split("\\")[-1], said)

    def test_a_pc_of_this_customer(self):
        self.make_pc("--plain")
        host = self.pc["windows"]["host"]
        self.make_stick(hosts=f'hosts = ["OTHER-*", "{host[:3].lower()}*{host[-1]}"]\n')
        self.assertIn("*** FIXED ***", self.session())


if __name__ == "__main__":
    main()
