# SPDX-License-Identifier: GPL-3.0-or-later
"""From a stick to a report: real runs of `mend`, their logs on a stick's volume, `mendstick collect`, `audit verify` and
`report`, as the preparer runs them after the visit."""

import csv
import io
import json
import os
import shutil
from pathlib import Path

from common import Scratch, main, need, run

MENDSTICK = os.environ["MENDSTICK"]


class Report(Scratch):
    def mendstick(self, *arguments, status=0, **options):
        done = run(MENDSTICK, *arguments, **options)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def report(self, *logs, status=0, options=()):
        """What `mendstick report` makes of logs: its JSON document, and what it said."""
        page, document = self.folder / "report.html", self.folder / "report.json"
        done = self.mendstick("report", *logs, "-o", page, "--json", document, *options, status=status)
        self.assertIn("Content-Security-Policy", page.read_text(encoding="utf-8"))
        return json.loads(document.read_text(encoding="utf-8")), done

    def stick_image(self):
        """A stick's volume that another program made, with the logs of self.stick on it."""
        image = self.folder / "stick.img"
        image.touch()
        os.truncate(image, 80 << 20)
        volume = f"{image}@@1M"
        for command in (["mformat", "-i", volume, "-F", "-T", "161000", "-h", "16", "-s", "63", "-c", "1", "::"],
                        ["mmd", "-i", volume, "::logs", "::keys"],
                        ["mcopy", "-i", volume, *sorted(self.stick.iterdir()), "::logs/"]):
            done = run(need(command[0]), *command[1:])
            self.assertEqual(done.returncode, 0, done.stderr)
        return image

    def on_stick(self, image):
        done = run(need("mdir"), "-b", "-i", f"{image}@@1M", "::logs")
        return {line.rsplit("/", 1)[-1] for line in done.stdout.split()}

    def judge(self, image):
        with open(image, "rb") as whole, open(self.folder / "volume", "wb") as volume:
            whole.seek(1 << 20)
            shutil.copyfileobj(whole, volume)
        os.truncate(self.folder / "volume", 161000 * 512)
        done = run(need("fsck.fat"), "-n", self.folder / "volume")
        self.assertEqual(done.returncode, 0, done.stdout)

    def repaired(self):
        """Four runs on one PC: locked, a dry run, the repair, and one that finds nothing more."""
        self.make_pc()
        self.repair(status=1)
        self.repair("--recovery-key", self.recovery_key(), "--dry-run")
        fixed = self.repair("--recovery-key", self.recovery_key())
        self.repair("--recovery-key", self.recovery_key())
        return fixed

    def test_a_stick_is_collected_verified_reported_and_emptied(self):
        fixed = self.repaired()
        image, logs, also = self.stick_image(), self.folder / "logs", self.folder / "also"
        names = {path.name for path in self.stick.iterdir()}
        self.assertEqual(self.on_stick(image), names)
        done = self.mendstick("collect", image, "-o", logs)
        self.assertIn("4 logs, 1 journal: 5 copied, 0 there already", done.stdout)
        for path in self.stick.iterdir():
            self.assertEqual((logs / path.name).read_bytes(), path.read_bytes())
        self.assertIn("0 copied, 5 there already", self.mendstick("collect", image, "-o", logs).stdout)
        self.assertIn("4 logs: 4 whole, 0 cut short, 0 changed, 0 not read", self.mendstick("audit", "verify", logs).stdout)

        self.mendstick("collect", image, "-o", logs, "--clear", status=2)
        self.assertEqual(self.on_stick(image), names)
        done = self.mendstick("collect", image, "-o", logs, "--also", also, "--clear")
        self.assertIn("5 removed from the stick", done.stdout)
        self.assertEqual(self.on_stick(image), set())
        self.assertEqual({path.name for path in also.iterdir()}, names)
        self.judge(image)

        document, done = self.report(logs)
        self.assertIn("1 machine: 1 fixed, 0 not affected, 0 need someone", done.stdout)
        machine = document["machines"][0]
        self.assertEqual([visit["verdict"] for visit in machine["visits"]], ["locked", "would-fix", "fixed", "not-affected"])
        self.assertEqual(machine["visits"][2]["run_id"], fixed["run_id"])
        action = fixed["volumes"][0]["actions"][0]
        file = next(v["files"] for v in machine["visits"][2]["volumes"] if v["files"])[0]
        for ours, theirs in (("path", "path"), ("new_path", "new_path"), ("sha256", "sha256"), ("size_bytes", "size_bytes")):
            self.assertEqual(file[ours], action[theirs])
        self.assertEqual(document["recovery_keys_to_rotate"][0]["protector_id"], self.protector_id())
        self.assertNotIn(self.recovery_key(), json.dumps(document) + (self.folder / "report.html").read_text(encoding="utf-8"))

        # The journal that was collected undoes the repair; the report knows.
        self.mend("undo", next(logs.glob("*.undo")), "--disk", self.image)
        document, done = self.report(logs)
        self.assertEqual((document["machines"][0]["state"], document["machines"][0]["verdict"]), ("needs someone", "undone"))

    def test_the_tables_hold_what_the_page_holds(self):
        self.repaired()
        hosts = self.write("hosts.csv", "Name,Room\nPC-0147,1\nPC-0148,2\n")
        files = {kind: self.folder / f"out.{kind}" for kind in ("csv", "ecs")}
        document, done = self.report(self.stick, options=("--csv", files["csv"], "--ecs", files["ecs"], "--hosts", hosts,
                                                          "--customer", "Acme"))
        self.assertIn("2 machines: 1 fixed, 0 not affected, 0 need someone, 1 never seen", done.stdout)
        rows = list(csv.DictReader(io.StringIO(files["csv"].read_text(encoding="utf-8-sig"))))
        self.assertEqual([(row["customer"], row["host"], row["state"]) for row in rows],
                         [("Acme", "PC-0147", "fixed"), ("Acme", "PC-0148", "never seen")])
        lines = files["ecs"].read_text(encoding="utf-8").splitlines()
        self.assertEqual(sorted(lines), sorted(line for log in self.stick.glob("*.jsonl") for line in log.read_text().splitlines()))
        for line in lines:
            self.assertTrue({"@timestamp", "ecs.version", "event.action"} <= json.loads(line).keys())

    def test_bad_logs_are_named_left_out_and_counted(self):
        self.repaired()
        good = sorted(self.stick.glob("*.jsonl"))
        text = good[0].read_text(encoding="utf-8")
        (self.stick / "other.jsonl").write_text('{"hello": "world"}\n', encoding="utf-8")
        (self.stick / "half.jsonl").write_text(text[:100], encoding="utf-8")
        (self.stick / "saved.jsonl").write_text(text, encoding="utf-16")
        (self.stick / "latin.jsonl").write_bytes('{"h\u00e9": 1}\n'.encode("latin-1"))
        (self.stick / "huge.jsonl").touch()
        os.truncate(self.stick / "huge.jsonl", 1 << 30)
        changed = good[1].read_text(encoding="utf-8")
        at = changed.index("volume-found")
        good[1].write_text(changed[:at] + "w" + changed[at + 1:], encoding="utf-8")
        line = changed[:at].count("\n") + 1
        twice = json.loads(text.splitlines()[0])
        (self.stick / "twice.jsonl").write_text(json.dumps({**twice, "message": "another"}) + "\n", encoding="utf-8")
        document, done = self.report(self.stick, status=1)
        found = {Path(f["log"]).name: f for f in document["logs"]["findings"]}
        for name, what in (("other.jsonl", "not a log"), ("half.jsonl", "cut short"), ("saved.jsonl", "not a log"),
                           ("latin.jsonl", "not a log"), ("huge.jsonl", "too large"), (good[1].name, "changed"),
                           ("twice.jsonl", "one run twice"), (good[0].name, "one run twice")):
            with self.subTest(name):
                self.assertEqual(found[name]["what"], what, found[name])
                self.assertTrue(found[name]["left_out"])
                self.assertIn(name, done.stderr)
        self.assertEqual(found[good[1].name]["line"], line)
        self.assertEqual(document["logs"]["files"], 10)
        self.assertIn("10 logs, 9 with something wrong", done.stdout)
        verified = self.mendstick("audit", "verify", self.stick, status=1).stdout
        self.assertIn(f"changed at line {line}", verified)
        self.assertIn("10 logs: 3 whole, 2 cut short, 3 changed, 2 not read", verified)

    def test_interrupted_work_stays_on_the_stick(self):
        self.repaired()
        journal = next(self.stick.glob("*.undo"))
        damaged = bytearray(journal.read_bytes())
        damaged[20000] ^= 1
        journal.write_bytes(damaged)
        image = self.stick_image()
        done = self.mendstick("collect", image, "-o", self.folder / "a", "--also", self.folder / "b", "--clear", status=1)
        log = next(log for log in self.stick.glob("*.jsonl") if journal.name.startswith(log.stem))
        self.assertEqual(self.on_stick(image), {journal.name, log.name})
        self.assertIn(f"{journal.name} stays on the stick", done.stdout)
        self.judge(image)

    def test_what_is_missing_is_a_mistake_of_the_command_line(self):
        self.mendstick("report", self.folder / "absent", "-o", self.folder / "x.html", status=2)
        self.mendstick("report", self.folder, status=2)
        self.mendstick("collect", self.folder / "absent", "-o", self.folder / "x", status=2)
        hosts = self.write("hosts.txt", "\x01\x02\n")
        done = self.mendstick("report", self.folder, "-o", self.folder / "x.html", "--hosts", hosts, status=2)
        self.assertIn("hosts.txt:1: ", done.stderr)
        self.assertFalse((self.folder / "x.html").exists())


if __name__ == "__main__":
    main()
