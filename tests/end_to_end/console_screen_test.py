# SPDX-License-Identifier: GPL-3.0-or-later
"""`mend console` on full screens: the real program in tmux, driven key by key, on an image file. The screens it is
compared with are in console_screens/, where a person has looked at them; APPROVE_SCREENS=1 writes them anew."""

import os
import random
import re
import subprocess
import time
from pathlib import Path

from common import MEND, main, need, sha256
from stick_folder import StickFolder

PATIENCE = 120
SCREENS = Path(__file__).with_name("console_screens")
LONG = os.environ.get("MEND_LONG") == "1"
# What differs from run to run and from machine to machine, by something of the same length.
MASKS = (
    (r"(?m)^ This PC: .*$", " This PC: …"),
    (r"\d{8}T\d{6}Z-PC-0147-[0-9a-f]{16}", "TIME-PC-0147-RUN"),
    (r"\\[0-9a-f]{16}\\", r"\\RUN\\"),
    (r"\b[0-9a-f]{64}\b", "SHA256"),
    (r"\b[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$", "RECEIPT"),
)


class Screen:
    """A terminal of that size in a tmux of its own, with `mend console` in it."""

    def __init__(self, folder, arguments, columns=80, rows=25, term=None):
        self.tmux = [need("tmux"), "-u", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self.status = folder / "status"
        self.raw = folder / "raw"
        setting = f"TERM={term} " if term else ""
        words = " ".join(f"'{a}'" for a in (MEND, "console", *arguments))
        command = f"cd '{folder}'; {setting}LC_ALL=C.UTF-8 {words}; echo $? > '{self.status}'"
        self("new-session", "-d", "-x", columns, "-y", rows, "sleep 1000")
        self("set-option", "-g", "escape-time", "0")
        self("pipe-pane", "-o", f"cat > '{self.raw}'")
        self("respawn-pane", "-k", command)

    def __call__(self, *arguments):
        return subprocess.run([*self.tmux, *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def text(self):
        return self("capture-pane", "-p")

    def wait_for(self, words, patience=PATIENCE):
        end = time.monotonic() + patience
        while words not in (text := self.text()):
            if time.monotonic() > end or self.status.exists():
                raise AssertionError(f"{words!r} did not appear:\n{text}")
            time.sleep(0.1)
        return text

    def press(self, *keys):
        self("send-keys", "--", *keys)

    def type(self, text):
        self("send-keys", "-l", text)

    def pid(self):
        shell = self("display-message", "-p", "#{pane_pid}").strip()
        child = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(child[0] if child else shell)

    def end(self):
        end = time.monotonic() + PATIENCE
        while not self.status.exists() or not self.status.read_text().strip():
            if time.monotonic() > end:
                raise AssertionError(f"it did not end:\n{self.text()}")
            time.sleep(0.1)
        return int(self.status.read_text())

    def close(self):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True)


def masked(text):
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines()) + "\n"


class ConsoleScreenTest(StickFolder):
    def screen(self, *options, **more):
        for name in ("status", "raw"):
            (self.folder / name).unlink(missing_ok=True)
        arguments = ["--stick", "stick", "--stick-device", "device", "--disk", "pc.img", *options]
        screen = Screen(self.folder, arguments, **more)
        self.addCleanup(screen.close)
        return screen

    def check(self, screen, name):
        drawn, path = masked(screen.text()), SCREENS / f"{name}.txt"
        if os.environ.get("APPROVE_SCREENS"):
            path.write_text(drawn)
        self.assertEqual(drawn, path.read_text(), name)

    def test_the_key_and_the_verdict_at_three_sizes(self):
        for columns, rows in ((80, 25), (100, 37), (240, 67)):
            self.make_pc()
            screen = self.screen(columns=columns, rows=rows)
            screen.wait_for("Recovery key ID")
            screen.type(self.recovery_key()[:20] + "111112")
            screen.wait_for("Group 4 is wrong")
            self.check(screen, f"key-{columns}x{rows}")
            screen.type(self.recovery_key())  # as fast as a scanner, over what was typed
            screen.press("Enter")
            screen.wait_for("FIXED: Windows can start.")
            if columns == 80:  # the QR code, which is another one each time, is beside it on larger ones
                self.check(screen, f"fixed-{columns}x{rows}")
                screen.press("c")
                self.assertIn("█▀▀▀▀▀█", screen.wait_for("Photograph the code"))
                screen.press("Escape")
                screen.wait_for("What now?")
                self.check(screen, f"menu-{columns}x{rows}")
                screen.press("Escape")
                screen.wait_for("FIXED: Windows can start.")
            screen.press("Enter")
            self.assertEqual(screen.end(), 0)
            screen.close()
            self.assert_sound(self.plain_volume())

    def test_a_scanner_types_48_digits_in_100_ms(self):
        self.make_pc()
        screen = self.screen()
        screen.wait_for("Recovery key ID")
        screen.type("123")  # what somebody tried before
        screen("send-keys", "-l", self.recovery_key().replace("-", "") + "\r\n")
        screen.wait_for("FIXED: Windows can start.")
        time.sleep(1)
        self.assertFalse(screen.status.exists(), "the scanner's line end took the verdict away")
        screen.press("p")
        self.assertEqual(screen.end(), 10)

    def test_no_key_is_on_the_screen_in_the_log_or_in_a_core(self):
        self.make_pc()
        screen = self.screen()
        screen.wait_for("Recovery key ID")
        screen.type(self.recovery_key())
        screen.press("Enter")
        screen.wait_for("FIXED: Windows can start.")
        core = self.folder / "core"
        subprocess.run([need("gcore"), "-o", core, str(screen.pid())], check=True, capture_output=True)
        screen.press("Enter")
        self.assertEqual(screen.end(), 0)
        dumps = list(self.folder.glob("core.*"))
        self.assertEqual(len(dumps), 1)
        self.assertIn(b"Channel file 291", dumps[0].read_bytes())  # it is the right process
        for file in (*dumps, screen.raw, *(f for f in self.stick.rglob("*") if f.is_file())):
            self.assert_no_key_in(file.read_bytes(), file)
        digits = self.recovery_key().replace("-", "")
        self.assertNotIn(digits.encode("utf-32-le"), dumps[0].read_bytes())

    def test_resizing(self):
        self.make_pc()
        screen = self.screen()
        screen.wait_for("Recovery key ID")
        for columns, rows in ((240, 67), (40, 10), (20, 5), (100, 37)):
            screen("resize-window", "-x", columns, "-y", rows)
            time.sleep(0.7)
            self.assertFalse(screen.status.exists())
        text = screen.wait_for("F6 skip")
        self.assertIn("Recovery key ID", text)
        self.assertEqual(len(text.splitlines()[0].rstrip()), 99)  # the title goes to the new edge
        screen.press("F6")
        screen.wait_for("NEEDS YOU")

    def test_random_keys_change_no_disk_without_the_yes(self):
        self.make_pc("--plain")
        before = sha256(self.image)
        keys = ["F1", "F2", "F3", "F4", "F5", "F6", "F7", "F10", "Up", "Down", "Escape", "Home", "End", "PPage", "NPage",
                "BSpace", "DC", "m", "c", "l", "a", "0", "4", "6", "-", "é", "C-c", "C-z", "C-d", "C-\\", "C-s", "C-q"]
        chance = random.Random(5)
        screen = self.screen("--mode", "ask")
        screen.wait_for("Do it?")
        end = time.monotonic() + (60 if LONG else 5)
        while time.monotonic() < end:
            screen.press(*chance.choices(keys, k=20))
            self.assertFalse(screen.status.exists())
        self.assertEqual(sha256(self.image), before)
        screen.wait_for("Do it?")
        screen.press("n")
        screen.wait_for("NEEDS YOU")
        screen.press("Enter")
        self.assertEqual(screen.end(), 0)
        self.assertEqual(sha256(self.image), before)
        self.assertEqual(self.records("consent")[0]["event.outcome"], "failure")

    def test_any_bytes_on_the_terminal_do_no_harm(self):
        self.make_pc()
        before = sha256(self.image)
        screen = self.screen()
        screen.wait_for("Recovery key ID")
        chance = random.Random(6)
        for _ in range(40):
            screen("send-keys", "-H", *(f"{chance.choice([b for b in range(1, 256)]):02x}" for _ in range(64)))
        time.sleep(1)
        self.assertFalse(screen.status.exists())
        self.assertEqual(sha256(self.image), before)

    def test_a_terminal_that_is_not_known_gets_lines_and_is_told(self):
        self.make_pc("--plain")
        for term in ("no-such-terminal", "dumb"):
            screen = self.screen(term=term)
            screen.wait_for("Pull the stick or press a key")
            self.assertIn(f"since the terminal type '{term}' is", screen.raw.read_text())  # it may have scrolled away
            screen.press("x")
            self.assertEqual(screen.end(), 0)
            screen.close()

    def test_without_a_terminal_it_gives_lines_and_says_so(self):
        self.make_pc("--plain")
        self.profile("[stick]\nrestart_after = 1\n")
        done = subprocess.run([MEND, "console", "--stick", self.stick, "--disk", self.image], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("since this is no terminal", done.stdout)
        self.assertIn("*** FIXED ***", done.stdout)


if __name__ == "__main__":
    main()
