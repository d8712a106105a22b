# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness itself, without a machine: logs of writes that QEMU's own tool makes, cuts, pictures."""

import json
import random
import struct
import time
import zlib

from blklog import LogError, Sampler, WriteLog
from common import Scratch, main, need, run
from machine import block_options
from picture import Picture

DEVICE = 1 << 20


def bytes_of(path, offset, length):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(length)


class Logs(Scratch):
    def setUp(self):
        super().setUp()
        self.device, self.log, self.copy = (self.folder / name for name in ("device", "log", "copy"))
        self.device.write_bytes(b"\0" * DEVICE)

    def record(self, *commands):
        """Runs commands of qemu-io on the layers that a machine's disk stands on."""
        options = block_options("disk", self.device, log=self.log)
        nodes = {}
        for option in options[1::2]:
            node = json.loads(option)
            for child in ("file", "log"):
                if child in node:
                    node[child] = nodes[node[child]]
            nodes[node.pop("node-name")] = node
        arguments = [part for command in commands for part in ("-c", command)]
        done = run(need("qemu-io"), *arguments, "json:" + json.dumps(nodes["disk"]))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("failed", done.stdout + done.stderr)
        return WriteLog(self.log, DEVICE)

    def replay(self, log, count, seed=None):
        self.copy.write_bytes(b"\0" * DEVICE)
        result = log.replay(self.copy, count, None if seed is None else random.Random(seed))
        return result, self.copy.read_bytes()

    def test_a_whole_log_gives_the_device_and_a_part_what_was_there_then(self):
        log = self.record("write -P 1 0 4k", "flush", "write -P 2 4k 8k", "write -P 3 0 512", "flush",
                          "write -P 4 64k 4k")
        self.assertEqual([e.length for e in log.entries if e.is_write], [4096, 8192, 512, 4096])
        self.assertGreaterEqual(log.flushes(), 2)
        self.assertEqual(self.replay(log, len(log.entries))[1], self.device.read_bytes())
        before = self.replay(log, 1)[1]
        self.assertEqual(before[:8192], b"\1" * 4096 + b"\0" * 4096)

    def test_a_cut_keeps_all_up_to_the_last_flush_and_loses_some_of_the_rest(self):
        log = self.record("write -P 1 0 4k", "flush", "write -P 2 0 4k", "write -P 3 8k 4k")
        count = len([e for e in log.entries if e.is_write]) + 1
        seen = set()
        for seed in range(60):
            _, data = self.replay(log, count, seed)
            for sector in range(8):
                self.assertIn(data[512 * sector], (1, 2), "what was flushed is there, under what came after")
            first, second = data[:4096], data[8192:12288]
            seen.add((first.count(2) // 512 // 4, second.count(3) // 512 // 4))
            self.assertFalse(any(data[12288:]))
        self.assertGreater(len(seen), 5, "all three fates of both writes occur")
        self.assertEqual(self.replay(log, count, 5), self.replay(log, count, 5), "by the seed")

    def test_a_cut_right_after_a_flush_loses_nothing(self):
        log = self.record("write -P 1 0 4k", "write -P 2 4k 4k", "flush")
        last = max(n for n, e in enumerate(log.entries) if e.flags)
        for seed in range(10):
            self.assertEqual(self.replay(log, last + 1, seed), ((0, 0), self.device.read_bytes()))

    def test_what_is_no_log_is_refused(self):
        self.record("write -P 1 0 4k", "flush")
        good = self.log.read_bytes()
        for at, value, what in ((0, b"\1", "magic"), (8, b"\2", "version"), (16, b"\xff", "count"),
                                (512, b"\xff\xff\xff", "place"), (528, b"\x80", "flags")):
            with self.subTest(what=what):
                self.log.write_bytes(good[:at] + value + good[at + len(value):])
                self.assertRaises(LogError, WriteLog, self.log, DEVICE)

    def test_the_sampler_keeps_pairs_in_the_order_of_time(self):
        paths = [self.folder / "first", self.folder / "second"]
        for path in paths:
            path.write_bytes(struct.pack("<QQQI", 0, 1, 0, 512))
        with Sampler(*paths) as sampler:
            for step in range(1, 40):
                for path in paths:  # the second one follows the first: it never leads
                    with open(path, "r+b") as file:
                        file.seek(16)
                        file.write(struct.pack("<Q", step))
                    time.sleep(0.003)
        self.assertGreater(len(sampler.pairs), 20)
        for first, second in sampler.pairs:
            self.assertIn(first - second, (0, 1))


class Pictures(Scratch):
    def test_a_png_has_the_pixels_of_the_ppm(self):
        pixels = bytes(random.Random(1).randrange(256) for _ in range(3 * 5 * 4))
        png = Picture.from_ppm(b"P6\n5 4\n255\n" + pixels).png()
        chunks, at = {}, 8
        while at < len(png):
            length = struct.unpack_from(">I", png, at)[0]
            kind, data = png[at + 4:at + 8], png[at + 8:at + 8 + length]
            self.assertEqual(struct.unpack_from(">I", png, at + 8 + length)[0], zlib.crc32(kind + data))
            chunks[kind] = data
            at += 12 + length
        self.assertEqual(struct.unpack(">II", chunks[b"IHDR"][:8]), (5, 4))
        rows = zlib.decompress(chunks[b"IDAT"])
        self.assertEqual(b"".join(rows[row * 16 + 1:row * 16 + 16] for row in range(4)), pixels)

    def test_a_blank_screen_is_told_from_text(self):
        blank = Picture(64, 64, b"\0" * (3 * 64 * 64))
        self.assertEqual((blank.ink(), blank.lines_of_text()), (0, 0))
        pixels = bytearray(3 * 64 * 64)
        pixels[3 * 64 * 20:3 * 64 * 20 + 90] = b"\xff" * 90
        text = Picture(64, 64, bytes(pixels))
        self.assertAlmostEqual(text.ink(), 30 / 4096)
        self.assertEqual(text.lines_of_text(), 1)
        self.assertRaises(ValueError, Picture.from_ppm, b"P6\n5 4\n255\nshort")


if __name__ == "__main__":
    main()
