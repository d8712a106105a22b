# SPDX-License-Identifier: GPL-3.0-or-later
"""A screenshot: read from QEMU's PPM, written as PNG, and looked at as far as a program can."""

import re
import struct
import zlib
from collections import Counter


class Picture:
    """Pixels of three bytes, row by row."""

    def __init__(self, width, height, pixels):
        if len(pixels) != 3 * width * height:
            raise ValueError(f"{len(pixels)} bytes are no picture of {width} x {height}")
        self.width, self.height, self.pixels = width, height, pixels

    @classmethod
    def from_ppm(cls, data):
        header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        if not header:
            raise ValueError("not a PPM of one byte a colour")
        return cls(int(header[1]), int(header[2]), data[header.end():])

    def png(self):
        stride = 3 * self.width
        rows = b"".join(b"\0" + self.pixels[at:at + stride] for at in range(0, len(self.pixels), stride))

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6))
                + chunk(b"IEND", b""))

    def ink(self):
        """The share of pixels that are not of the commonest colour: 0 for a blank screen."""
        counts = Counter(self.pixels[at:at + 3] for at in range(0, len(self.pixels), 3))
        return 1 - max(counts.values()) / (self.width * self.height)

    def lines_of_text(self, row_pixels=16):
        """Text rows that hold something: what a console of that font height would show as lines."""
        stride = 3 * self.width
        background = Counter(self.pixels[at:at + 3] for at in range(0, len(self.pixels), 3)).most_common(1)[0][0]
        blank = background * self.width
        used = set()
        for row in range(self.height):
            if self.pixels[row * stride:(row + 1) * stride] != blank:
                used.add(row // row_pixels)
        return len(used)
