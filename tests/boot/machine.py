# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC under QEMU, by software emulation: its firmware, the sticks and disks in it, its screen, keyboard and
serial line. Needs no privilege, no KVM and no network. What it runs on are copies that the caller makes.

Environment: BOOT_OUTPUT is the folder that keeps serial logs and screenshots; BOOT_TIMEOUT_SCALE=N makes every
time-out N times as long.
"""

import ctypes
import dataclasses
import enum
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from common import need
from picture import Picture
from qmp import Qmp, QmpError

OUTPUT = Path(os.environ.get("BOOT_OUTPUT", "build/boot")).absolute()
SCALE = float(os.environ.get("BOOT_TIMEOUT_SCALE", "1"))
TIMEOUT = 300
QEMU = "qemu-system-x86_64"
# An eMMC chip is two boot partitions and the RPMB, each a device of its own, and then the disk.
EMMC_BOOT, EMMC_RPMB = 1 << 20, 1 << 17
EMMC_DISK_AT = 2 * EMMC_BOOT + EMMC_RPMB
CLOCK = "2026-11-25T12:00:00"  # of every machine at its start


class Firmware(enum.Enum):
    SECURE_BOOT = "UEFI with Secure Boot"
    UEFI = "UEFI"
    BIOS = "BIOS"


@dataclasses.dataclass
class Stick:
    """A USB stick. Like the disks it has a cache, and says so: Linux tells it when to empty it."""

    image: Path
    usb: str = "xhci"  # or ehci
    read_only: bool = False
    log: Path | None = None  # records all writes, see blklog.py
    writes_per_second: int = 0  # 0: as fast as they come


@dataclasses.dataclass
class Disk:
    """A disk of the PC."""

    image: Path
    kind: str = "nvme"  # ahci, virtio-scsi, sd-card, emmc (the whole chip)
    sector: int = 512
    log: Path | None = None
    writes_per_second: int = 0


class BootFailure(AssertionError):
    pass


def end_with_parent():
    """A test that is killed takes its machine along."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def firmware_files(firmware):
    """OVMF's code and the template of its variables; None for BIOS, which QEMU brings along."""
    if firmware is Firmware.BIOS:
        return None
    secure = firmware is Firmware.SECURE_BOOT
    names = ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.ms.fd") if secure else ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd")
    files = [Path("/usr/share/OVMF") / name for name in names]
    for file in files:
        if not file.is_file():
            raise BootFailure(f"{file} is missing; see tools/packages, group boot")
    return files


def has_device(name, cache={}):
    if "help" not in cache:
        cache["help"] = subprocess.run([need(QEMU), "-device", "help"], capture_output=True, text=True).stdout
    return f'name "{name}"' in cache["help"]


def block_layers(name, image, *, read_only=False, log=None, writes_per_second=0):
    """The layers below a device, the lowest first, and the options that they need. The last one has the given name.
    Flushes end at the host's cache: what a power cut loses is decided from the log, not by the host."""
    nodes = []

    def add(node):
        nodes.append({"node-name": f"{name}-{len(nodes)}", **node})
        return nodes[-1]["node-name"]

    cache = {"no-flush": True}
    top = add({"driver": "file", "filename": str(image), "read-only": read_only, "cache": cache})
    top = add({"driver": "raw", "file": top, "read-only": read_only, "cache": cache})
    options = []
    if log:
        Path(log).write_bytes(b"")
        kept = add({"driver": "file", "filename": str(log), "cache": cache})
        top = add({"driver": "blklogwrites", "file": top, "log": kept, "log-super-update-interval": 1})
    if writes_per_second:
        group = {"qom-type": "throttle-group", "id": f"{name}-slow", "limits": {"iops-write": writes_per_second}}
        options += ["-object", json.dumps(group)]
        top = add({"driver": "throttle", "file": top, "throttle-group": f"{name}-slow"})
    nodes[-1]["node-name"] = name
    return nodes, options


def block_options(name, image, **how):
    nodes, options = block_layers(name, image, **how)
    for node in nodes:
        options += ["-blockdev", json.dumps(node)]
    return options


def stick_device(name, stick):
    return {"driver": "usb-storage", "id": f"{name}-usb", "bus": f"{stick.usb}.0", "drive": name, "removable": True,
            "serial": name.upper()}


def stick_options(number, stick):
    name = f"stick{number}"
    options = block_options(name, stick.image, read_only=stick.read_only, log=stick.log,
                            writes_per_second=stick.writes_per_second)
    device = stick_device(name, stick) | {"bootindex": number + 1}
    return options + ["-device", json.dumps(device)]


def disk_options(number, disk):
    name = f"disk{number}"
    options = block_options(name, disk.image, log=disk.log, writes_per_second=disk.writes_per_second)
    device = {"id": f"{name}-device", "drive": name}
    if disk.kind not in ("emmc", "sd-card"):
        device |= {"serial": f"PCDISK{number}", "logical_block_size": disk.sector, "physical_block_size": disk.sector}
    if disk.kind == "nvme":
        device |= {"driver": "nvme"}
    elif disk.kind == "ahci":
        device |= {"driver": "ide-hd", "bus": f"ide.{number}"}
    elif disk.kind == "virtio-scsi":
        options += ["-device", f"virtio-scsi-pci,id={name}-host"]
        device |= {"driver": "scsi-hd", "bus": f"{name}-host.0"}
    elif disk.kind in ("emmc", "sd-card"):
        options += ["-device", "sdhci-pci"]
        device |= {"driver": disk.kind}
        if disk.kind == "emmc":
            device |= {"boot-partition-size": EMMC_BOOT, "rpmb-partition-size": EMMC_RPMB}
    else:
        raise ValueError(disk.kind)
    return options + ["-device", json.dumps(device)]


def video_options(pixels):
    if pixels is None:
        return ["-vga", "std"]
    width, height = pixels
    return ["-vga", "none", "-device", f"VGA,edid=on,xres={width},yres={height},vgamem_mb=64"]


class Machine:
    """Used in a `with`: QEMU starts there and ends there. On an exception the serial log's tail and a last
    screenshot go into it."""

    def __init__(self, name, folder, firmware, sticks, disks, *, memory="512M", pixels=None, options=()):
        """`pixels`: width and height of the screen, as its monitor tells the firmware."""
        self.name = name
        self.folder = Path(folder)
        self.firmware = firmware
        self.serial = self.folder / f"{name}.serial"  # all that was sent
        self.serial_socket = self.folder / f"{name}.line"
        self.errors = self.folder / f"{name}.qemu"
        self.socket = self.folder / f"{name}.qmp"
        self.marks = []
        self.command = [need(QEMU), *self._machine_options(memory), *video_options(pixels)]
        for number, stick in enumerate(sticks):
            self.command += stick_options(number, stick)
        for number, disk in enumerate(disks):
            self.command += disk_options(number, disk)
        self.command += options

    def _machine_options(self, memory):
        secure = self.firmware is Firmware.SECURE_BOOT
        options = ["-name", self.name, "-machine", f"q35,smm={'on' if secure else 'off'}", "-accel", "tcg",
                   "-cpu", "max", "-smp", "1", "-m", memory,
                   "-nodefaults", "-display", "none", "-no-reboot", "-S",
                   "-rtc", f"base={CLOCK}", "-serial", "chardev:serial", "-chardev",
                   f"socket,id=serial,path={self.serial_socket},server=on,wait=off,logfile={self.serial}",
                   "-qmp", f"unix:{self.socket},server=on,wait=off",
                   "-device", "qemu-xhci,id=xhci", "-device", "usb-ehci,id=ehci"]
        files = firmware_files(self.firmware)
        if files:
            variables = self.folder / f"{self.name}.vars"
            shutil.copyfile(files[1], variables)
            options += ["-global", f"driver=cfi.pflash01,property=secure,value={'on' if secure else 'off'}",
                        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={files[0]}",
                        "-drive", f"if=pflash,unit=1,format=raw,file={variables}"]
        return options

    def __enter__(self):
        OUTPUT.mkdir(parents=True, exist_ok=True)
        self.process = None
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            preexec_fn=end_with_parent)
        try:
            self.qmp = Qmp(self.socket, lambda: self.process.poll() is None)
            self.started = time.monotonic()
            self.qmp.command("cont")
        except QmpError as error:
            self._stop()
            raise BootFailure(f"{error}: {self.errors.read_text(errors='replace')}") from error
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is not None and issubclass(kind, Exception) and not issubclass(kind, BootFailure):
                raise BootFailure(f"{error}\n{self.evidence()}") from error
        finally:
            self._stop()
            if self.serial.exists():
                shutil.copyfile(self.serial, OUTPUT / f"{self.name}.serial.txt")
            times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in self.marks)
            print(f"boot {self.name} ({self.firmware.value}): {times}", file=sys.stderr, flush=True)
        return False

    def _stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        if hasattr(self, "qmp"):
            self.qmp.close()

    # --- what it shows ---

    def seconds(self):
        return time.monotonic() - self.started

    def lines(self):
        """What came over the serial line, without the terminal's control sequences. Each state of a line that was
        overwritten, such as a progress, is a line."""
        if not self.serial.exists():
            return []
        text = self.serial.read_bytes().decode("utf-8", "replace")
        text = re.sub(r"\x1b(?:\[[0-9;:?=]*[A-Za-z]|[()][A-Z0-9]|[A-Z=>78c])", "", text)
        return [line.rstrip() for line in re.split("[\r\n]+", text)]

    def text(self):
        """The same in one line: where a text was wrapped does not count."""
        return " ".join(" ".join(self.lines()).split())

    def wait_for(self, *wanted, timeout=TIMEOUT, times=1):
        """Waits until one of the texts has come, so many times; returns which."""
        end = time.monotonic() + timeout * SCALE
        while True:
            ended = self.process.poll() is not None
            text = self.text()
            for one in wanted:
                if text.count(" ".join(one.split())) >= times:
                    self.marks.append((f'"{one}"', self.seconds()))
                    return one
            if ended:
                self.fail(f"the machine has ended before it said {' or '.join(map(repr, wanted))}")
            if time.monotonic() > end:
                self.fail(f"the machine has not said {' or '.join(map(repr, wanted))} in {timeout * SCALE:.0f} s")
            time.sleep(0.1)

    def wait_end(self, timeout=TIMEOUT):
        """Waits until it restarts ("guest-reset") or powers off ("guest-shutdown"); returns which."""
        try:
            self.process.wait(timeout * SCALE)
        except subprocess.TimeoutExpired:
            self.fail(f"the machine has not ended in {timeout * SCALE:.0f} s")
        self.qmp.drain()
        reason = (self.qmp.event("SHUTDOWN") or {}).get("reason", "unknown")
        self.marks.append((reason, self.seconds()))
        if self.process.returncode != 0:
            self.fail(f"QEMU ended with status {self.process.returncode}")
        return reason

    def screenshot(self, label):
        """The screen as it is, kept as OUTPUT/<machine>-<label>.png."""
        dump = self.folder / f"{self.name}.ppm"
        self.qmp.command("screendump", filename=str(dump))
        picture = Picture.from_ppm(dump.read_bytes())
        (OUTPUT / f"{self.name}-{label}.png").write_bytes(picture.png())
        return picture

    def evidence(self):
        tail = "\n".join(self.lines()[-40:])
        text = f"--- the serial line's end ({OUTPUT / self.name}.serial.txt):\n{tail}\n"
        errors = self.errors.read_text(errors="replace").strip()
        if errors:
            text += f"--- QEMU: {errors}\n"
        try:
            self.screenshot("failed")
            text += f"--- the screen: {OUTPUT / self.name}-failed.png\n"
        except (QmpError, OSError, ValueError):
            text += "--- no screenshot: QEMU has ended\n"
        return text

    def fail(self, why):
        raise BootFailure(f"{self.name}, {self.firmware.value}, after {self.seconds():.0f} s: {why}\n{self.evidence()}")

    # --- what is done to it ---

    def press(self, *keys):
        """Keys by QEMU's names (ret, spc, y), one after the other."""
        for key in keys:
            self.qmp.command("send-key", keys=[{"type": "qcode", "data": key}])
            time.sleep(0.2)

    def pull(self, number=0):
        """Pulls a stick out."""
        self.unplug(f"stick{number}-usb")

    def put_back(self, number, stick):
        """The stick that was pulled out."""
        self.plug(**stick_device(f"stick{number}", stick))

    def plug_stick(self, number, stick):
        """Another stick."""
        self.add_image(f"stick{number}", stick.image, read_only=stick.read_only)
        self.put_back(number, stick)

    def add_image(self, name, image, **how):
        """What a device that is plugged in next can name as its drive."""
        for node in block_layers(name, image, **how)[0]:
            self.qmp.command("blockdev-add", **node)

    def plug(self, **device):
        self.qmp.command("device_add", **device)
        self.marks.append((f"{device['id']} plugged in", self.seconds()))

    def unplug(self, device):
        """Waits until QEMU has taken it away."""
        self.qmp.command("device_del", id=device)
        self.qmp.wait_for("DEVICE_DELETED", device=device)
        self.marks.append((f"{device} pulled out", self.seconds()))
