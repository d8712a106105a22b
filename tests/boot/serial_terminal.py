# SPDX-License-Identifier: GPL-3.0-or-later
"""A terminal at the other end of an emulated PC's serial line: tmux, which answers what a terminal is asked."""

import subprocess
import sys
import time

from common import need
from machine import SCALE

TIMEOUT = 60

# Between tmux and QEMU's socket, byte by byte.
CABLE = """
import os, select, socket, sys, tty
tty.setraw(0)
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
os.write(1, b"The cable is in.\\r\\n")
while True:
    for end in select.select([0, line], [], [])[0]:
        data = os.read(0, 4096) if end == 0 else line.recv(4096)
        if not data:
            sys.exit()
        line.sendall(data) if end == 0 else os.write(1, data)
"""


class SerialTerminal:
    """Used in a `with`."""

    def __init__(self, machine, columns=80, rows=24):
        self.machine = machine
        self.tmux = [need("tmux"), "-u", "-S", machine.folder / "tmux", "-f", "/dev/null"]
        cable = machine.folder / "cable.py"
        cable.write_text(CABLE)
        self("new-session", "-d", "-x", columns, "-y", rows, sys.executable, cable, machine.serial_socket)
        self("set-option", "-g", "escape-time", "0")

    def __enter__(self):
        self.wait_for("The cable is in.")
        return self

    def __exit__(self, *error):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True)

    def __call__(self, *arguments):
        return subprocess.run([*self.tmux, *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def screen(self):
        return self("capture-pane", "-p").splitlines()

    def wait_for(self, words):
        return self.wait_until(lambda screen: words in " ".join(" ".join(screen).split()), words)

    def wait_until(self, shows, what="what was waited for"):
        end = time.monotonic() + TIMEOUT * SCALE
        while not shows(screen := self.screen()):
            if time.monotonic() > end:
                self.machine.fail(f"{what!r} is not on the terminal:\n" + "\n".join(screen))
            time.sleep(0.2)
        return screen

    def press(self, *keys):
        self("send-keys", "--", *keys)

    def paste(self, text):
        """All at once."""
        self("set-buffer", text)
        self("paste-buffer", "-p")

    def resize(self, columns, rows):
        self("resize-window", "-x", columns, "-y", rows)
