# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a key press takes to the screen while `mend console` works on a volume: Ctrl-L draws the screen anew, and the
time runs until the new screen has come whole. For tools/bench."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
IMAGE_INFO = """[image]
id = "0123456789abcdef0123456789abcdef"
customer = "Bench"
incident = "Bench"
built = 2026-11-25T12:00:00Z
version = "0.1.0"
"""
ROWS, COLUMNS = 67, 240
HEADING, FOOT = b"image of 2026-11-25", b"Leave the stick in"
PRESSES = 300


class Session:
    """One run in mode `ask`, which ends at the question: the volume stays as it was."""

    def __init__(self, mend, stick, image):
        self.fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen([mend, "console", "--stick", stick, "--disk", image, "--mode", "ask"], stdin=theirs,
                                        stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        self.seen = b""

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            self.seen += os.read(self.fd, 1 << 20)

    def latency(self):
        """Seconds from the key to the whole screen; None when the run has come to its question."""
        self.read(0)
        self.seen = b""
        start = time.monotonic()
        os.write(self.fd, b"\f")
        while HEADING not in self.seen or FOOT not in self.seen:
            if b"Do it?" in self.seen or time.monotonic() - start > 10:
                return None
            self.read(0.5)
        return time.monotonic() - start

    def end(self):
        while b"Do it?" not in self.seen:
            self.read(1)
        os.write(self.fd, b"n")
        while b"NEEDS YOU" not in self.seen:
            self.read(1)
        os.write(self.fd, b"\r")
        self.process.wait(timeout=60)
        os.close(self.fd)


def measure(bench, row):
    image, _ = bench.pc("console.img", "--plain", "--size", "16G", "--files", bench.files)
    with tempfile.TemporaryDirectory(prefix="mend-bench-stick-") as folder:
        stick = Path(folder)
        for name in ("manifests", "logs", "mendstick"):
            (stick / name).mkdir()
        manifest = SOURCE / "configs/manifests/crowdstrike-2024-07-19.toml"
        (stick / "manifests" / manifest.name).write_bytes(manifest.read_bytes())
        (stick / "mendstick/image.toml").write_text(IMAGE_INFO)
        (stick / "profile.toml").write_text('[customer]\nname = "Bench"\n[stick]\nunsigned = "allow"\n[repair]\ncheck = "full"\n')
        times = []
        while len(times) < PRESSES:
            session = Session(bench.mend, stick, image)
            while (taken := session.latency()) is not None:
                times.append(taken * 1000)
                time.sleep(0.005)
            session.end()
    times.sort()
    row(f"key press to the whole screen of {COLUMNS}×{ROWS}, repairing {bench.files:,} files, p99 of {len(times)}",
        f"{times[int(len(times) * 0.99) - 1]:.1f} ms (median {times[len(times) // 2]:.1f} ms)", "≤ 50 ms", "mend console")
