# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts. QEMU's `blklogwrites` records all that reaches a device, in the layout of Linux's dm-log-writes; a
cut replays such a log up to some entry, and of what the device had not been told to keep loses as much as a real
one may. Killing QEMU instead would lose nothing: the host has it all.

The log: sectors of `sectorsize` bytes. In the first one, little-endian: magic, version (1), number of entries (8
bytes each), sectorsize (4). Then each entry: a sector with place and length in sectors, flags, and the length of
a mark's text (8 bytes each); then its data, if it is a write. An entry stands there, and is counted, after it has
reached the device and before the guest hears of it.
"""

import os
import struct
import threading
import time

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
TEAR_BYTES = 512


class LogError(Exception):
    pass


class Entry:
    __slots__ = ("offset", "length", "flags", "data_at")

    def __init__(self, offset, length, flags, data_at):
        self.offset, self.length, self.flags, self.data_at = offset, length, flags, data_at

    @property
    def is_write(self):
        return self.length > 0 and not self.flags & (DISCARD | MARK)


class WriteLog:
    def __init__(self, path, device_bytes):
        self.path = path
        self.entries = []
        with open(path, "rb") as file:
            header = file.read(28)
            if len(header) < 28:
                return  # nothing was ever written
            magic, version, count, sector = struct.unpack("<QQQI", header)
            if magic != MAGIC or version != 1 or sector < 512:
                raise LogError(f"{path} is no log of writes")
            at, end = sector, os.stat(path).st_size
            for number in range(count):
                file.seek(at)
                head = file.read(32)
                if len(head) < 32:
                    raise LogError(f"{path}: entry {number} of {count} is not there")
                start, sectors, flags, _ = struct.unpack("<QQQQ", head)
                entry = Entry(start * sector, sectors * sector, flags, at + sector)
                at += sector + (entry.length if entry.is_write else 0)
                if flags & ~15 or entry.offset + entry.length > device_bytes or at > end:
                    raise LogError(f"{path}: entry {number} of {count} makes no sense")
                self.entries.append(entry)

    def flushes(self):
        return sum(1 for entry in self.entries if entry.flags & FLUSH)

    def replay(self, image, count, random=None):
        """Puts the first `count` entries onto `image`. With `random`, of those after the last flush each is kept,
        dropped or torn. Returns how many were dropped and torn."""
        done = self.entries[:count]
        safe = count if random is None else max((n + 1 for n, e in enumerate(done) if e.flags & FLUSH), default=0)
        dropped = torn = 0
        with open(self.path, "rb") as log, open(image, "r+b") as device:
            for number, entry in enumerate(done):
                if not entry.is_write:
                    continue
                fate = "keep" if number < safe or entry.flags & FUA else random.choice(("keep", "drop", "tear"))
                if fate == "drop":
                    dropped += 1
                    continue
                log.seek(entry.data_at)
                data = log.read(entry.length)
                torn += fate == "tear"
                for at in range(0, entry.length, TEAR_BYTES if fate == "tear" else entry.length):
                    if fate == "tear" and random.random() < 0.5:
                        continue
                    device.seek(entry.offset + at)
                    device.write(data[at:at + TEAR_BYTES] if fate == "tear" else data)
        return dropped, torn


class Sampler(threading.Thread):
    """Watches the logs of two devices while the machine runs, and keeps the pairs of counts that were true at one
    instant: only there power can be cut from both. The first device is asked again after the second; a pair
    counts when its answer has not changed."""

    def __init__(self, first, second):
        super().__init__(daemon=True)
        self.paths = (first, second)
        self.pairs = [(0, 0)]
        self.ending = threading.Event()

    @staticmethod
    def _count(descriptor):
        data = os.pread(descriptor, 8, 16)
        return struct.unpack("<Q", data)[0] if len(data) == 8 else 0

    def run(self):
        first, second = (os.open(path, os.O_RDONLY) for path in self.paths)
        try:
            while not self.ending.is_set():
                pair = (self._count(first), self._count(second))
                if self._count(first) == pair[0] and pair != self.pairs[-1]:
                    self.pairs.append(pair)
                time.sleep(0.0005)
        finally:
            os.close(first)
            os.close(second)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.join()
