# SPDX-License-Identifier: GPL-3.0-or-later
"""A stick's image from outside, through mtools: its files read, replaced, damaged where they lie."""

import os
import re
import struct
from pathlib import Path

from common import need, run

PARTITION = 1 << 20
os.environ["MTOOLS_SKIP_CHECK"] = "1"


class StickImage:
    def __init__(self, path):
        self.path = Path(path)

    def _mtools(self, program, *arguments, status=0):
        done = run(need(program), "-i", f"{self.path}@@1M", *arguments)
        if done.returncode != status:
            raise AssertionError(f"{program} {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def names(self, folder):
        """The files in a folder of the stick."""
        listed = self._mtools("mdir", "-b", f"::/{folder}")
        return sorted(line.rsplit("/", 1)[1] for line in listed.splitlines() if line and not line.endswith("/"))

    def fetch(self, path, target):
        self._mtools("mcopy", "-n", f"::/{path}", target)
        return Path(target)

    def put(self, source, path):
        self._mtools("mcopy", "-o", source, f"::/{path}")

    def text(self, path):
        return self._mtools("mtype", f"::/{path}")

    def edit(self, path, old, new, scratch):
        """Replaces a text in a file of the stick."""
        text = self.text(path)
        if old not in text:
            raise AssertionError(f"{path} does not hold {old!r}")
        file = Path(scratch) / "edited"
        file.write_text(text.replace(old, new), encoding="utf-8", newline="")
        self.put(file, path)

    def fetch_tree(self, paths, folder):
        """Copies files and whole folders out."""
        Path(folder).mkdir(parents=True)
        self._mtools("mcopy", "-s", "-n", *(f"::/{path}" for path in paths), folder)

    def fetch_logs(self, folder):
        """Copies logs and journals out; returns the names of what could not be read."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        lost = []
        for name in self.names("logs"):
            try:
                self.fetch(f"logs/{name}", Path(folder) / name)
            except AssertionError:
                lost.append(name)
        return lost

    def free_bytes(self):
        return int(re.search(r"([\d ]+) bytes free", self._mtools("mdir", "::/"))[1].replace(" ", ""))

    def fill(self, scratch, leave=0):
        """Puts a file onto it that leaves so many bytes."""
        ballast = Path(scratch) / "ballast"
        with open(ballast, "wb") as file:
            file.truncate(self.free_bytes() - leave)
        self.put(ballast, "ballast")
        ballast.unlink()

    def place(self, path, at):
        """Where byte `at` of a file lies in the image."""
        with open(self.path, "rb") as image:
            image.seek(PARTITION)
            boot = image.read(512)
        sector, cluster_sectors, reserved, fats = struct.unpack_from("<HBHB", boot, 11)
        fat_sectors = struct.unpack_from("<I", boot, 36)[0]
        cluster_bytes = sector * cluster_sectors
        data = PARTITION + sector * (reserved + fats * fat_sectors)
        index = at // cluster_bytes
        for first, last in re.findall(r"<(\d+)(?:-(\d+))?>", self._mtools("mshowfat", f"::/{path}")):
            count = int(last or first) - int(first) + 1
            if index < count:
                return data + (int(first) - 2 + index) * cluster_bytes + at % cluster_bytes
            index -= count
        raise AssertionError(f"{path} has no byte {at}")

    def damage(self, path, at):
        """Turns the bits of one byte of a file, where it lies."""
        where = self.place(path, at)
        with open(self.path, "r+b") as image:
            image.seek(where)
            old = image.read(1)[0]
            image.seek(where)
            image.write(bytes([old ^ 0xFF]))
