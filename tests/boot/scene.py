# SPDX-License-Identifier: GPL-3.0-or-later
"""What the boot tests share: a customer, a stick built for it, a broken PC started from it, and the judgement of
what is on disk and stick afterwards."""

import hashlib
import re
import shutil
import subprocess

import preparer
import texts
from common import MANIFEST, Scratch, log_records, run, sha256
from machine import Disk, Firmware, Machine, Stick
from stick import StickImage

MENDSTICK = preparer.MENDSTICK
BLOCK = 4096


def copy(source, target):
    """A copy that stays sparse, and costs nothing where the file system can share."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)
    return target


def changed_blocks(before, after):
    """Offsets of the 4096-byte blocks in which two images differ."""
    found, at = [], 0
    with open(before, "rb") as one, open(after, "rb") as other:
        while True:
            first, second = one.read(1 << 20), other.read(1 << 20)
            if not first and not second:
                return found
            if first != second:
                found += [at + n for n in range(0, len(first), BLOCK) if first[n:n + BLOCK] != second[n:n + BLOCK]]
            at += len(first)


class Scene(Scratch):
    """The PC is self.image, as it was made self.before; the stick is self.stick_image; logs fetched from it are in
    self.stick. Of sealed logs self.identity is the private key."""

    identity = None

    def setUp(self):
        super().setUp()
        self.stick_image = self.folder / "stick.img"
        self.before = self.folder / "before.img"

    def make_customer(self, mode="auto", manifest=MANIFEST, keys="plain", logs="plain", more=""):
        """A customer's folder with the keys of the PC, if it has any; `more` are further lines of [stick]."""
        if logs == "sealed":
            self.identity = self.folder / "msp.key"
            public = preparer.mendstick("keys", "recipient", "-o", self.identity).stdout.strip()
            more += f'logs = "sealed"\nrecipient = "{public}"\n'
        customer = self.folder / "customer"
        for name in ("manifests", "keys"):
            (customer / name).mkdir(parents=True)
        shutil.copy(manifest, customer / "manifests")
        (customer / "profile.toml").write_text(
            f'[customer]\nname = "Boot Test AG"\ncontact = "the desk, 1234"\n[stick]\nmode = "{mode}"\n'
            f'keys = "{keys}"\n{more}')
        if self.pc.get("bitlocker"):
            (customer / "keys/entra.csv").write_text(
                "DeviceName,DeviceId,RecoveryKeyId,CreatedDateTime,RecoveryKey,VolumeType\n"
                f"{self.pc['windows']['host']},,{self.protector_id()},2024-01-15T08:00:00Z,{self.recovery_key()},"
                "OperatingSystem\n")
        preparer.sign(customer)
        return customer

    def make_stick(self, size="128M", **customer):
        return self.build_stick(self.make_customer(**customer), size)

    def build_stick(self, customer, size="128M"):
        done = run(MENDSTICK, "build", customer, "-o", self.stick_image, "--size", size)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return StickImage(self.stick_image)

    def make_scene(self, *pc_options, size="192M", **customer):
        """The PC and the stick for it."""
        self.make_pc(*pc_options, size=size)
        copy(self.image, self.before)
        return self.make_stick(**customer)

    def machine(self, label, firmware=Firmware.UEFI, *, sticks=None, disks=None, **options):
        sticks = [Stick(self.stick_image)] if sticks is None else sticks
        disks = [Disk(self.image)] if disks is None else disks
        return Machine(label, self.folder, firmware, sticks, disks, **options)

    def verdict(self, machine, *wanted):
        """Waits for a verdict, which has to be one of these; keeps the screen and looks whether it shows something."""
        machine.wait_for(texts.STARTING)
        said = machine.wait_for(*texts.VERDICTS)
        machine.wait_for(texts.READ)
        self.assert_shown(machine, "verdict")
        if said not in wanted:
            machine.fail(f"the verdict is {said}, not {' or '.join(wanted)}")
        return said

    def assert_shown(self, machine, label):
        picture = machine.screenshot(label)
        if not 0.001 < picture.ink() < 0.5 or picture.lines_of_text() < 3:
            machine.fail(f"the screen shows no text: {picture.ink():.4f} ink on {picture.lines_of_text()} lines")

    def dismiss(self, machine):
        """A key press restarts it."""
        machine.press("ret")
        self.assertEqual(machine.wait_end(), "guest-reset")

    def boot(self, label, firmware=Firmware.UEFI, *, wanted=(texts.FIXED,), **options):
        """One whole start up to the verdict, and the restart; returns the verdict and all that was said."""
        with self.machine(label, firmware, **options) as machine:
            said = self.verdict(machine, *wanted)
            self.dismiss(machine)
            return said, machine.text()

    # --- judges ---

    def fetch_logs(self):
        """Sealed ones are opened."""
        shutil.rmtree(self.stick, ignore_errors=True)
        self.assertEqual(StickImage(self.stick_image).fetch_logs(self.stick), [])
        if self.identity:
            self.assertEqual(list(self.stick.glob("*.jsonl")), [])
            preparer.mendstick("audit", "open", *self.stick.glob("*.jsonl.sealed"), "--identity", self.identity, "-o",
                               self.stick)
        return sorted(self.stick.glob("*.jsonl"))

    def check_logs(self, said):
        """Each log is whole by mendstick's word, and the last one's closing hash was on the screen."""
        logs = self.fetch_logs()
        self.assertTrue(logs)
        hashes = []
        for log in logs:
            done = run(MENDSTICK, "audit", "verify", log)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            hashes.append(sha256_of_last_line(log))
            self.assertIn(hashes[-1], done.stdout)
        self.assertIn(hashes[-1], said.replace(" ", ""))
        receipt = re.search(r"phone: (\S+)", said)[1]
        done = run(MENDSTICK, "audit", "verify", logs[-1], "--receipt", receipt)
        self.assertIn("proven by its receipt", done.stdout + done.stderr)
        return log_records(self.stick)

    def check_fixed(self):
        """The disk: the faulty files are in quarantine, every other file is as it was, the volume is sound, and
        nothing outside of it was touched."""
        gone = self.channel_files("channel-bad")
        moved = {r["file.path"]: r["mendstick.file.new_path"] for r in log_records(self.stick)
                 if r["event.action"] == "file-changed" and r["event.outcome"] == "success"}
        self.assertEqual(sorted(moved), gone)
        volume = self.plain_volume()
        self.assert_sound(volume)
        for file in self.pc["files"]:
            if file["note"] in ("wof", "bitlocker") or not file["sha256"]:
                continue
            self.assertEqual(self.file_hash(volume, file["path"]), None if file["path"] in gone else file["sha256"],
                             file["path"])
            if file["path"] in gone:
                self.assertEqual(self.file_hash(volume, moved[file["path"]]), file["sha256"])
        volume.unlink()
        part = self.windows_partition()
        for offset in changed_blocks(self.before, self.image):
            self.assertTrue(part["offset"] <= offset < part["offset"] + part["size_bytes"], hex(offset))

    def assert_untouched(self):
        self.assertEqual(sha256(self.image), sha256(self.before), "the disk is not byte for byte as before")


def sha256_of_last_line(log):
    return hashlib.sha256(log.read_bytes().splitlines()[-1]).hexdigest()


def last_verdict(records):
    return next(r["mendstick.verdict"] for r in reversed(records) if r["event.action"] == "run-finished")
