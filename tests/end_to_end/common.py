# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests share: a broken PC in a scratch folder, `mend` run on it, and judges that are not ours."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

MEND = os.environ["MEND"]
BROKENPC = os.environ["BROKENPC"]
SOURCE = Path(__file__).resolve().parents[2]
MANIFEST = SOURCE / "configs/manifests/crowdstrike-2024-07-19.toml"
CHANNEL = "Windows\\System32\\drivers\\CrowdStrike\\C-00000291"


def need(program):
    """The path of a judge. In CI a missing one is a failure: tools/packages names them all."""
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if found:
        return found
    if os.environ.get("CI") == "true":
        raise AssertionError(f"the program {program} is missing; see tools/packages")
    raise unittest.SkipTest(f"SKIP: the program {program} is missing")


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.hexdigest()


def run(*arguments, text=True, **options):
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=text, **options)


class Scratch(unittest.TestCase):
    """A test with a folder of its own, a log folder on the "stick", and the commands on them."""

    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mend-end-to-end-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.stick = self.folder / "stick"
        self.image = self.folder / "pc.img"

    def make_pc(self, *options, size="192M", output=None, seed=7):
        made = run(BROKENPC, "-o", output or self.image, "--size", size, "--seed", seed, "--json", *options)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.pc = json.loads(made.stdout)
        return self.pc

    def mend(self, *arguments, status=0, **options):
        done = run(MEND, *arguments, **options)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def repair(self, *options, manifest=MANIFEST, status=0, disk=None):
        done = self.mend("repair", "--disk", disk or self.image, "--manifest", manifest, "--audit-dir", self.stick,
                         "--json", *options, status=status)
        report = json.loads(done.stdout)
        self.assertEqual(report["exit_status"], status)
        return report

    def protectors(self):
        return self.pc["bitlocker"]["protectors"]

    def protector_id(self, kind="recovery-password"):
        return next(p["guid"] for p in self.protectors() if p["type"] == kind)

    def recovery_key(self):
        return next(p["secret"] for p in self.protectors() if p["type"] == "recovery-password")

    def windows_partition(self):
        number = self.pc["windows"]["partition"]
        return next(p for p in self.pc["partitions"] if p["number"] == number)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def channel_files(self, note):
        return sorted(f["path"] for f in self.pc["files"] if f["note"] == note)

    # --- judges ---

    def plain_volume(self, name="plain.ntfs"):
        """The Windows volume as another program reads it: cut out of the image, through dislocker where encrypted."""
        part = self.windows_partition()
        (self.folder / name).unlink(missing_ok=True)  # that of an earlier image
        cut = self.folder / (name + ".cut")
        with open(self.image, "rb") as image, open(cut, "wb") as out:
            image.seek(part["offset"])
            left = part["size_bytes"]
            while left:
                piece = image.read(min(left, 1 << 22))
                if not piece:
                    break
                out.write(piece)
                left -= len(piece)
        plain = self.folder / name
        if not self.pc.get("bitlocker"):
            return cut.rename(plain)
        done = run(need("dislocker-file"), "-V", cut, f"-p{self.recovery_key()}", "--", plain)
        cut.unlink()
        self.assertTrue(plain.exists(), done.stdout + done.stderr)
        return plain

    def assert_sound(self, volume):
        done = run(need("ntfsresize"), "-i", "-f", "-P", volume)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = run(need("fsntfsinfo"), volume)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def names_in(self, volume, folder):
        done = run(need("ntfsls"), "-f", "-p", folder, volume)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.splitlines()

    def file_hash(self, volume, path):
        """SHA-256 of a file as ntfscat reads it; None when it is not there."""
        done = run(need("ntfscat"), "-f", volume, path.replace("\\", "/"), text=False)
        if done.returncode != 0:
            return None
        return hashlib.sha256(done.stdout).hexdigest()


def log_records(stick):
    logs = sorted(Path(stick).glob("*.jsonl"))
    return [json.loads(line) for log in logs for line in log.read_text().splitlines()]


def main():
    unittest.main(verbosity=2)
