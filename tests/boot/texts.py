# SPDX-License-Identifier: GPL-3.0-or-later
"""What the screens of the stick say, as far as the boot tests wait for it. When a text changes in src/init or
src/console, this is the place to follow."""

# The boot menu (image/grub.cfg).
MENU = "Ask before anything is changed"
QUIET = "quiet loglevel=3"
TALKATIVE = "loglevel=6    "  # of the same length

# The kernel: its loader always, the rest when its messages are on.
SECURE_BOOT = "UEFI Secure Boot is enabled"
LOCKED_DOWN = "Kernel is locked down from EFI Secure Boot"

# init (src/init/boot.cc, controllers.cc).
STARTING = "Mendstick is starting."
TWO_STICKS = "Two sticks of the same image are plugged in"
PULL_ONE = "pull out all but one of them"
NO_DISK = "This machine shows no internal disk"
STICK_READ_ONLY = "cannot be written"

# The console (src/console/texts.h, as plain.cc shows them on a serial line at which no terminal answers): progress;
# the questions for a key and for the keyring's passphrase; the verdict, between stars.
UNLOCKING = "unlocking partition"
KEY_WANTED = "Recovery key ID"
KEY_TYPED = "All groups are right"
PASSPHRASE_WANTED = "Type the passphrase, then press Enter"
PASSPHRASE_WRONG = "this is not the passphrase"
KEY_KEPT = "The key is tried when the stick is back in."
STICK_PULLED = "The stick was pulled out: put it back in"
RUNS_WHEN_BACK = "Put it back in: then it runs again by itself."
STICK_BACK = "The stick is there again."
FIXED = "*** FIXED ***"
FIXED_EARLIER = "*** FIXED EARLIER ***"
NOTHING_FOUND = "*** NOTHING FOUND ***"
NEEDS_YOU = "*** NEEDS YOU ***"
VERDICTS = (FIXED, FIXED_EARLIER, NOTHING_FOUND, NEEDS_YOU)
UNCHANGED = "No disk of this PC was changed."
READ = "P: power off. F: firmware setup."

# The firmware and shim, when they refuse what is not signed. OVMF and shim word it differently, and the boot manager
# shows no text at all where it just tries the next entry: what counts is that the kernel is never reached.
REFUSED_KERNEL = "bad shim signature"
REFUSED_GRUB = ("Security Violation", "Verification failed", "Access Denied")
