# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts. One repair is recorded on both devices, write by write; then power is cut from both at the same
instant, what had not been flushed is kept, dropped or torn by lot, and the PC starts from the stick again: the job
is finished, or the disk is as before; and the screen says FIXED or FIXED EARLIER, never that there was nothing to do.

Environment: BOOT_CUTS=N is how often the PC is started again (6), BOOT_HOST_CUTS=N how many more cuts are
taken up on this host, without a start, by `mend resume` and by the console (200), BOOT_SEED=N draws other ones.
"""

import os
import random
import shutil

import texts
from blklog import Sampler, WriteLog
from common import main, run, sha256
from console_test import READY, Console
from machine import Disk, Firmware, Stick
from scene import MENDSTICK, Scene, copy
from stick import StickImage

CUTS = int(os.environ.get("BOOT_CUTS", "6"))
HOST_CUTS = int(os.environ.get("BOOT_HOST_CUTS", "200"))
SEED = int(os.environ.get("BOOT_SEED", "1"))
# So slow that the sampler sees each state of both.
STICK_WRITES, DISK_WRITES = 100, 10


class Power(Scene):
    def record(self, **customer):
        """A whole repair; the images stay as they were before it, self.after is the disk after it."""
        self.make_scene("--plain", size="128M", **customer)
        self.said = {texts.FIXED: 0, texts.FIXED_EARLIER: 0}
        self.stick_before = copy(self.stick_image, self.folder / "stick-before.img")
        logs = self.folder / "stick.log", self.folder / "disk.log"
        for log in logs:
            log.write_bytes(b"")
        with Sampler(*logs) as sampler:
            _, said = self.boot("recorded", Firmware.BIOS,
                                sticks=[Stick(self.stick_image, log=logs[0], writes_per_second=STICK_WRITES)],
                                disks=[Disk(self.image, log=logs[1], writes_per_second=DISK_WRITES)])
        self.check_logs(said)
        self.check_fixed()
        self.after = self.folder / "after.img"
        self.image.rename(self.after)
        self.stick_image.unlink()
        self.hashes = {sha256(self.before): "before", sha256(self.after): "after"}
        self.logs = [WriteLog(log, self.before.stat().st_size) for log in logs]
        self.pairs = sampler.pairs
        self.check_record()

    def check_record(self):
        """The log of the disk, replayed whole, gives the disk; and the sampler has seen what it should."""
        copy(self.before, self.image)
        self.logs[1].replay(self.image, len(self.logs[1].entries))
        self.assertEqual(self.hashes.get(sha256(self.image)), "after")
        writes = len(self.logs[1].entries)
        self.assertGreater(self.logs[1].flushes(), 2)
        self.assertGreater(self.logs[0].flushes(), 10)
        seen = {disk for _, disk in self.pairs}
        self.assertGreater(len(seen), writes / 2, "the sampler has missed too much")
        print(f"recorded: {len(self.logs[0].entries)} entries of the stick, {writes} of the disk, "
              f"{len(self.pairs)} instants for a cut", flush=True)

    def cut(self, number, pairs):
        """Cuts power; self.image and self.stick_image are what is left."""
        lot = random.Random(SEED * 1_000_003 + number)
        pair = lot.choice(pairs)
        copy(self.before, self.image)
        copy(self.stick_before, self.stick_image)
        lost = [log.replay(image, count, lot)
                for log, image, count in zip(self.logs, (self.stick_image, self.image), pair)]
        return f"cut {number} of seed {SEED} at {pair}, dropped and torn: stick {lost[0]}, disk {lost[1]}"

    def cut_somewhere(self, number):
        """Half of them where it hurts, half anywhere."""
        return self.cut(number, self.during_commit() if number % 2 else self.pairs)

    def during_commit(self):
        """Cuts at which the disk has been written to, and the machine was not finished yet."""
        last = len(self.logs[1].entries)
        return [pair for pair in self.pairs if 0 < pair[1] <= last]

    def test_power_cuts(self):
        self.record()
        states = {"before": 0, "after": 0}
        for number in range(HOST_CUTS):
            with self.subTest(what := self.cut_somewhere(number)):
                self.said[self.session_here(what)] += 1
                states[self.resume_here(what)] += 1
        print(f"resumed on this host: {states}; the console says {self.said}", flush=True)
        for counts in (states, self.said):
            self.assertGreater(min(counts.values()), HOST_CUTS // 20, "the cuts show one side only")
        for number in range(CUTS):
            with self.subTest(what := self.cut(HOST_CUTS + number, self.during_commit())):
                self.start_again(number, what)

    def test_power_cuts_with_sealed_logs(self):
        """The stick cannot read what it has written, and knows a PC that it has repaired by its marks or its journal."""
        self.record(logs="sealed")
        for number in range(HOST_CUTS // 2):
            with self.subTest(what := self.cut_somewhere(number)):
                self.said[self.session_here(what)] += 1
        print(f"the console says {self.said}", flush=True)
        self.assertGreater(min(self.said.values()), HOST_CUTS // 40, "the cuts show one side only")

    def session_here(self, what):
        """The stick's own session on copies of what is left; returns its verdict."""
        folder, image = self.folder / "session", self.folder / "session.img"
        shutil.rmtree(folder, ignore_errors=True)
        stick = StickImage(self.stick_image)
        stick.fetch_tree(("profile.toml", "profile.toml.minisig", "manifests", "mendstick"), folder)
        stick.fetch_logs(folder / "logs")
        copy(self.image, image)
        console = Console("--stick", folder, "--stick-device", self.stick_image, "--disk", image, "--plain")
        console.wait_for(READY)
        console.press("x")
        self.assertEqual(console.end(), 0, what)
        said = next((text for text in texts.VERDICTS if text in console.text), None)
        self.assertIn(said, self.said, f"{what}\n{console.text}")
        self.assertEqual(self.repair("--dry-run", disk=image)["verdict"], "not-affected", what)
        return said

    def resume_here(self, what):
        """`mend resume` by what the stick still holds; then a repair, which must end well from either state."""
        shutil.rmtree(self.stick, ignore_errors=True)
        lost = StickImage(self.stick_image).fetch_logs(self.stick)
        done = run(os.environ["MEND"], "resume", "--disk", self.image, "--audit-dir", self.stick)
        state = self.hashes.get(sha256(self.image))
        self.assertIsNotNone(state, f"{what}: neither as before nor finished; not read from the stick: {lost}\n"
                                    f"{done.stdout}{done.stderr}")
        report = self.repair()
        self.assertEqual(report["verdict"], {"before": "fixed", "after": "not-affected"}[state], what)
        return state

    def start_again(self, number, what):
        # "Nothing found" would send the technician away to look for another cause.
        verdict, _ = self.boot(f"cut-{number}", Firmware.BIOS, wanted=(texts.FIXED, texts.FIXED_EARLIER))
        if self.hashes.get(sha256(self.image)) == "after":
            return
        self.assertEqual(verdict, texts.FIXED, what)
        logs = sorted(self.fetch_whole_logs())
        self.assertEqual(len(logs), 1, f"{what}: one log is whole, that of the second start")
        self.check_fixed()

    def fetch_whole_logs(self):
        """Fetches the logs; leaves only those that are whole."""
        shutil.rmtree(self.stick, ignore_errors=True)
        StickImage(self.stick_image).fetch_logs(self.stick)
        for log in self.stick.glob("*.jsonl"):
            if run(MENDSTICK, "audit", "verify", log).returncode != 0:
                log.unlink()
        return self.stick.glob("*.jsonl")


if __name__ == "__main__":
    main()
