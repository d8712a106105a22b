# SPDX-License-Identifier: GPL-3.0-or-later
"""A technician's other stick, as an image: FAT32 with a partition table, exFAT without one, or NTFS. Files are put onto
the first two and fetched from them without a mount; fsck.exfat judges what is written here of exFAT."""

import struct
import subprocess

from common import need
from stick import StickImage

SIZE = 64 << 20
ENTRY = 32


def empty(path):
    with open(path, "wb") as image:
        image.truncate(SIZE)
    return path


def fat_stick(path):
    subprocess.run([need("sfdisk"), "-q", empty(path)], input="2048,,c\n", text=True, check=True)
    subprocess.run([need("mformat"), "-F", "-i", f"{path}@@1M", "::"], check=True)
    return StickImage(path)


def ntfs_stick(path):
    subprocess.run([need("mkntfs"), "-q", "-F", "-Q", "-s", "512", "-p", "0", "-H", "16", "-S", "63", empty(path)],
                   check=True, capture_output=True)
    return path


def checksum(data, skipped=()):
    value = 0
    for at, byte in enumerate(data):
        if at not in skipped:
            value = ((value << 15 | value >> 1) + byte) & 0xFFFF
    return value


class ExfatStick:
    """Microsoft's specification of exFAT, as far as files of one cluster in the root directory go."""

    def __init__(self, path):
        self.path = empty(path)
        subprocess.run([need("mkfs.exfat"), path], check=True, capture_output=True)
        boot = self._at(0, 512)
        fat, _, heap, _, self.root = struct.unpack_from("<5I", boot, 80)
        sector = 1 << boot[108]
        self.cluster_bytes = sector << boot[109]
        self.fat, self.heap = fat * sector, heap * sector

    def _at(self, offset, size):
        with open(self.path, "rb") as image:
            image.seek(offset)
            return image.read(size)

    def _put(self, offset, data):
        with open(self.path, "r+b") as image:
            image.seek(offset)
            image.write(data)

    def _place(self, cluster):
        return self.heap + (cluster - 2) * self.cluster_bytes

    def _entries(self):
        directory = self._at(self._place(self.root), self.cluster_bytes)
        return [directory[at:at + ENTRY] for at in range(0, self.cluster_bytes, ENTRY)]

    def _take_cluster(self):
        bitmap = next(entry for entry in self._entries() if entry[0] == 0x81)
        place = self._place(struct.unpack_from("<I", bitmap, 20)[0])
        bits = self._at(place, struct.unpack_from("<Q", bitmap, 24)[0])
        index = next(n for n in range(8 * len(bits)) if not bits[n // 8] >> n % 8 & 1)
        self._put(place + index // 8, bytes([bits[index // 8] | 1 << index % 8]))
        return index + 2

    def put(self, name, data):
        assert len(name) <= 15 and 0 < len(data) <= self.cluster_bytes
        cluster, time = self._take_cluster(), 46 << 25 | 11 << 21 | 25 << 16  # 2026-11-25
        self._put(self._place(cluster), data)
        file = struct.pack("<BBHHHIII12x", 0x85, 2, 0, 0x20, 0, time, time, time)
        stream = struct.pack("<BBBBHHQIIQ", 0xC0, 3, 0, len(name), checksum(name.upper().encode("utf-16-le")), 0,
                             len(data), 0, cluster, len(data))
        entries = file + stream + struct.pack("<BB30s", 0xC1, 0, name.encode("utf-16-le"))
        entries = entries[:2] + struct.pack("<H", checksum(entries, (2, 3))) + entries[4:]
        free = next(n for n, entry in enumerate(self._entries()) if entry[0] == 0)
        self._put(self._place(self.root) + free * ENTRY, entries)
        self.check()

    def check(self):
        done = subprocess.run([need("fsck.exfat"), "-n", self.path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def files(self):
        """The content of each file, by name."""
        entries, found = self._entries(), {}
        for n, file in enumerate(entries):
            if file[0] != 0x85:
                continue
            flags, length = entries[n + 1][1], entries[n + 1][3]
            cluster, size = struct.unpack_from("<IQ", entries[n + 1], 20)
            name = b"".join(entry[2:] for entry in entries[n + 2:n + 1 + file[1]])[:2 * length].decode("utf-16-le")
            data = b""
            while len(data) < size:
                data += self._at(self._place(cluster), self.cluster_bytes)
                chained = struct.unpack("<I", self._at(self.fat + 4 * cluster, 4))[0]
                cluster = cluster + 1 if flags & 2 else chained
            found[name] = data[:size]
        return found
