#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the logs of a fleet, as sticks bring them home: the records that `mend` writes, chained as it chains them, of
machines that are fixed, locked, refused and so on. For tests, measurements and the README's picture, where there are
not enough real machines. The same seed gives the same bytes.

usage: fleet.py FOLDER [--machines N] [--seed N] [--customers NAME,…]
"""

import argparse
import datetime
import hashlib
import json
import random
import uuid
from pathlib import Path

START = datetime.datetime(2026, 11, 23, 7, 0, tzinfo=datetime.timezone.utc)
MANIFEST = {"id": "crowdstrike-2024-07-19", "version": 1, "sha256": "5c" * 32, "file": "crowdstrike-2024-07-19.toml"}
CHANNEL = "Windows\\System32\\drivers\\CrowdStrike\\C-00000291-00000000-00000032.sys"
MODELS = [("LENOVO", "ThinkPad T14 Gen 3"), ("Dell Inc.", "Latitude 5440"), ("HP", "EliteBook 840 G9"), ("Dell Inc.", "OptiPlex 7010")]


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Log:
    """One run's log: record() by record(), then write()."""

    def __init__(self, run, clock):
        self.run, self.clock, self.lines, self.ns = run, clock, [], 0
        self.previous = "0" * 64

    def record(self, action, fields=(), outcome="success", message="", after_ms=40):
        self.ns += after_ms * 1_000_000
        moment = self.clock + datetime.timedelta(microseconds=self.ns // 1000)
        record = {"@timestamp": iso(moment), "ecs.version": "8.11.0", "event.action": action, "event.kind": "event",
                  "event.outcome": outcome, "message": message or action, "mendstick.run.id": self.run,
                  "mendstick.clock.monotonic_ns": self.ns, **dict(fields),
                  "mendstick.sequence": len(self.lines), "mendstick.previous_sha256": self.previous}
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        self.previous = hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()
        self.lines.append(line)

    def text(self):
        return "".join(line + "\n" for line in self.lines)

    def write(self, folder, who):
        name = f"{self.clock:%Y%m%dT%H%M%SZ}-{who}-{self.run}.jsonl"
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(), encoding="utf-8")
        return path


class Machine:
    def __init__(self, number, customer, dice):
        self.customer, self.dice = customer, dice
        self.name = f"{'PC' if number % 3 else 'NB'}-{number:05d}"
        self.vendor, self.model = dice.choice(MODELS)
        self.serial = f"{dice.randrange(36 ** 7):07X}"
        self.uuid, self.guid, self.protector = (str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(3))
        self.disk_serial = f"S{dice.randrange(10 ** 12):012d}"

    def start(self, stick, run, clock, previous="", dry=False, **more):
        log = Log(run, clock)
        fields = {"mendstick.tool": "mend 0.1.0", "mendstick.command": "repair", "mendstick.policy.dry_run": dry,
                  "organization.name": self.customer, "mendstick.incident": "CrowdStrike Falcon channel file 291",
                  "mendstick.image.id": "8f" * 16, "mendstick.stick.id": stick, "mendstick.mode": "auto",
                  "host.vendor": self.vendor, "host.model": self.model, "host.serial_number": self.serial, "host.uuid": self.uuid,
                  "mendstick.clock.hardware_raw": f"{clock:%Y-%m-%d %H:%M:%S}", "mendstick.clock.boot_id": str(uuid.UUID(int=hash_of(run))),
                  "mendstick.clock.since_boot_ns": self.dice.randrange(14, 70) * 1_000_000_000,
                  "mendstick.image.built": iso(START - datetime.timedelta(hours=2)), "mendstick.manifests": [MANIFEST], **more}
        if previous:
            fields["mendstick.run.previous"] = previous
        log.record("run-started", fields, after_ms=1)
        log.record("disk-found", {"mendstick.disk.path": "/dev/nvme0n1", "mendstick.disk.model": "SAMSUNG MZVL2512HCJQ",
                                  "mendstick.disk.serial": self.disk_serial, "mendstick.disk.size_bytes": 512110190592,
                                  "mendstick.disk.sector_bytes": 512, "mendstick.disk.table": "gpt"}, after_ms=900)
        return log

    def key(self):
        return {"mendstick.volume.disk": "/dev/nvme0n1", "mendstick.volume.partition": 3, "mendstick.volume.guid": self.guid}

    def volume(self, log, opened=True, host=None):
        fields = {**self.key(), "mendstick.volume.offset_bytes": 290455552, "mendstick.volume.size_bytes": 510770802688,
                  "mendstick.volume.filesystem": "ntfs" if opened else "bitlocker", "mendstick.volume.encryption.method": "xts-aes-128",
                  "mendstick.volume.encryption.description": f"{self.name} OS 3/14/2023"}
        if opened:
            fields |= {"mendstick.volume.encryption.protector_id": self.protector,
                       "mendstick.volume.encryption.protector_type": "recovery password"}
        log.record("volume-found", fields, after_ms=2100)
        if opened:
            log.record("windows-found", {**self.key(), "host.name": host or self.name, "host.os.full": "Windows 11 Pro",
                                         "host.os.version": "22631.3880", "mendstick.windows.directory": "Windows",
                                         "mendstick.windows.time_zone": "W. Europe Standard Time", "mendstick.windows.bias_minutes": -60,
                                         "mendstick.windows.warnings": []})

    def file(self, log, action, outcome, path=CHANNEL, new_path=None):
        log.record(action, {**self.key(), "rule.id": "channel-291", "mendstick.action": "quarantine", "file.path": path,
                            "mendstick.file.new_path": new_path or f"Mendstick.quarantine\\{log.run}\\C-00000291-00000000-00000032.sys",
                            "file.size": 41004, "file.mtime": "2024-07-19T04:09:28Z", "file.created": "2024-07-19T04:09:28Z",
                            "file.hash.sha256": "d8" * 32, "mendstick.file.other_links": [], "mendstick.outcome": outcome})

    def end(self, log, verdict, reason="", status=0):
        fields = {**self.key(), "mendstick.verdict": verdict}
        if reason:
            fields["mendstick.reason"] = reason
        outcome = "success" if status == 0 else "failure"
        log.record("volume-verdict", fields, outcome=outcome)
        log.record("run-finished", {"mendstick.verdict": verdict, "mendstick.exit_status": status}, outcome=outcome)
        log.record("log-closed")
        return log


def hash_of(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def fixed(machine, log):
    machine.volume(log)
    machine.file(log, "file-planned", "planned")
    log.record("verified", {**machine.key(), "mendstick.blocks": 9, "mendstick.blemishes": []})
    log.record("commit-started", {**machine.key(), "mendstick.journal": f"logs/{log.run}-nvme0n1p3.undo"}, outcome="unknown")
    machine.file(log, "file-changed", "done")
    log.record("commit-finished", {**machine.key(), "mendstick.commit.outcome": "committed", "mendstick.commit.bytes_written": 53248},
               after_ms=800)
    return machine.end(log, "fixed")


def not_affected(machine, log):
    machine.volume(log)
    log.record("rule-idle", {**machine.key(), "rule.id": "channel-291", "mendstick.reason": "no name matches C-00000291*.sys"})
    return machine.end(log, "not-affected")


def locked(machine, log):
    machine.volume(log, opened=False)
    reason = f"no key given fits; wanted: the recovery password with the ID {machine.protector}"
    return machine.end(log, "locked", reason, status=1)


def unsafe(machine, log):
    machine.volume(log)
    return machine.end(log, "unsafe", "Windows is hibernated on this volume: its session would be lost", status=1)


def damaged(machine, log):
    machine.volume(log)
    return machine.end(log, "damaged", f"record {machine.dice.randrange(40, 90000)} of the MFT has a wrong fixup", status=1)


def cut_short(machine, log):
    machine.volume(log)
    machine.file(log, "file-planned", "planned")
    return log


KINDS = [(fixed, 78), (not_affected, 9), (locked, 7), (unsafe, 3), (damaged, 1), (cut_short, 2)]


def make(folder, machines, seed=1, customers=("Northwind Traders",), sticks_each=4):
    """Logs below `folder`, one folder a stick. Returns the names of all machines, by customer."""
    dice = random.Random(seed)
    names = {customer: [] for customer in customers}
    last, minute = {}, {}
    for number in range(machines):
        customer = customers[number % len(customers)]
        machine = Machine(number + 1, customer, dice)
        names[customer].append(machine.name)
        stick = f"{hash_of(customer + str(dice.randrange(sticks_each))) >> 64:016x}"
        minute[stick] = minute.get(stick, dice.randrange(20)) + dice.randrange(3, 9)
        # What the chip shows is local time, an hour before UTC; now and then one is years behind.
        clock = START + datetime.timedelta(hours=1, minutes=minute[stick])
        if dice.randrange(60) == 0:
            clock = clock.replace(year=2019)
        run = f"{dice.getrandbits(64):016x}"
        kind = dice.choices([k for k, _ in KINDS], [w for _, w in KINDS])[0]
        log = kind(machine, machine.start(stick, run, clock, last.get(stick, "")))
        log.write(Path(folder) / stick, machine.name if kind is not locked else machine.serial)
        last[stick] = run
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--machines", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", default="Northwind Traders")
    arguments = parser.parse_args()
    make(arguments.folder, arguments.machines, arguments.seed, arguments.customers.split(","))


if __name__ == "__main__":
    main()
