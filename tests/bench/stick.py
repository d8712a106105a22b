# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of tools/bench that measure sticks: how long a batch of images takes, and how long a PC needs from the
kernel's first line to the first line of `mend`."""

import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

CUSTOMERS = 200
STARTS = 5  # of each of the two, in turn
PROCESSORS = 2  # as few as a PC has
# A program that prints and stops: the least that an initramfs can hold.
BASELINE = '#include <stdio.h>\n#include <unistd.h>\nint main(void){puts("the baseline is here");fflush(stdout);for(;;)pause();}\n'
# The least that a program can do which begins with the stick and the disks: it gives their drivers to the kernel, one process
# for each of two chains of drivers, waits for the stick's volume and the disk, and prints.
DRIVERS = r"""#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void load(const char *list) {
  char name[128];
  FILE *names = fopen(list, "r");
  while (fscanf(names, "%127s", name) == 1) {
    int file = open(name, O_RDONLY), waits = strstr(name, "ahci.ko") == name + 1 || strstr(name, "nvme.ko") != 0;
    const char *options = strstr(name, "usb-storage") ? "delay_use=0 async_probe" : waits ? "" : "async_probe";
    while (syscall(SYS_finit_module, file, options, 0) != 0 && errno == ENOENT) usleep(2000);
  }
  _exit(0);
}
int main(void) {
  mkdir("/sys", 0755);
  if (fork() == 0) load("/chain1");
  if (fork() == 0) load("/chain2");
  mount("sysfs", "/sys", "sysfs", 0, "");
  while (wait(0) > 0) continue;
  while (access("/sys/class/block/sda1", F_OK) != 0 || access("/sys/class/block/nvme0n1", F_OK) != 0) usleep(5000);
  puts("the drivers are there");
  fflush(stdout);
  for (;;) pause();
}
"""
CHAINS = {
    "chain1": "usb-common usbcore xhci-hcd xhci-pci nls_cp437 nls_ascii fat vfat usb-storage",
    "chain2": "scsi_common scsi_mod libata libahci sd_mod ahci nvme-auth nvme-core nvme",
}


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"bench: {command} gave {done.returncode}:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


def seconds(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


class StickBench:
    def __init__(self, bench, row):
        self.row, self.folder, self.runs = row, bench.folder, bench.runs
        self.mendstick, self.pc = bench.mendstick, bench.pc
        self.base = self.folder / "base"
        if not self.base.exists():
            run(self.mendstick, "base", "-o", self.base)
        self.trust = self.folder / "trust"
        if not self.trust.exists():
            run(self.mendstick, "trust", "new-keys", "--trust", self.trust, "--no-passphrase")
        self.example = self.folder / "example"
        if not self.example.exists():
            shutil.copytree(bench.example, self.example)
            run(self.mendstick, "sign", self.example, "--trust", self.trust)

    # --- a batch ---

    def customers(self):
        folder = self.folder / "customers"
        for number in range(CUSTOMERS):
            one = folder / f"customer-{number:03}"
            shutil.copytree(self.example, one)
            profile = one / "profile.toml"
            profile.write_text(profile.read_text(encoding="utf-8").replace("Example GmbH", f"Customer {number}"),
                               encoding="utf-8")
        run(self.mendstick, "sign", *folder.iterdir(), "--trust", self.trust)
        return folder

    def batch(self):
        customers, images, copies = self.customers(), self.folder / "images", self.folder / "copies"
        sources = lambda: sorted(images.glob("*.img"))  # noqa: E731

        def ours(*options):
            shutil.rmtree(images, ignore_errors=True)
            return seconds(lambda: run(self.mendstick, "batch", customers, "-o", images, "--base", self.base, "--trust", self.trust,
                                       *options))

        def theirs():
            shutil.rmtree(copies, ignore_errors=True)
            copies.mkdir()
            return seconds(lambda: run("cp", "--sparse=always", "--reflink=never", *sources(), copies))

        ours(), theirs()  # a virtual machine gets its memory from the host when it is first used
        pairs = [(ours(), ours("--jobs", 1), theirs()) for _ in range(min(self.runs, 3))]
        both, one, copied = (statistics.median(values) for values in zip(*pairs))
        shutil.rmtree(copies)
        self.row(f"batch of {CUSTOMERS} customers against `cp --sparse=always` of the same images",
                 f"{both / copied:.2f} × ({both:.1f} s); one job: {one / copied:.2f} ×", "≤ 1.3 ×", "mendstick batch")
        rescue = statistics.median(seconds(self.grub_rescue) for _ in range(self.runs))
        self.row("one customer of that batch against a run of grub-mkrescue with the same files",
                 f"{rescue / (both / CUSTOMERS):.0f} × ahead", "≥ 20 ×", "mendstick batch")
        shutil.rmtree(images)

    def grub_rescue(self):
        tree = self.folder / "rescue"
        if not tree.exists():
            shutil.copytree(self.base, tree / "mendstick")
            shutil.copytree(self.example, tree / "customer")
        run("grub-mkrescue", "-o", self.folder / "rescue.iso", tree)

    # --- from the kernel's first line to mend's ---

    def boot(self):
        image = self.folder / "boot.img"
        run(self.mendstick, "build", self.example, "-o", image, "--base", self.base, "--trust", self.trust)
        info = run("mtype", "-i", f"{image}@@1M", "::/mendstick/image.toml")
        image_id = next(line.split('"')[1] for line in info.splitlines() if line.startswith("id = "))
        disk, _ = self.pc("boot-pc.img", "--size", "192M", "--plain", "--healthy")
        devices = ["-device", "qemu-xhci", "-drive", f"if=none,id=stick,format=raw,file={image}",
                   "-device", "usb-storage,drive=stick,removable=on",
                   "-drive", f"if=none,id=pc,format=raw,file={disk}", "-device", "nvme,drive=pc,serial=BENCH"]
        initramfs = {
            b"mend ": self.base / "initramfs",
            b"the baseline is here": self.initramfs("baseline", BASELINE, {}),
            b"the drivers are there": self.initramfs("drivers", DRIVERS, self.drivers()),
        }
        taken = {words: [] for words in initramfs}
        for _ in range(STARTS):
            for words, archive in initramfs.items():
                taken[words].append(self.start(archive, image_id, devices, words))
        ours, least, drivers = (statistics.median(seconds) for seconds in taken.values())
        command = "qemu-system-x86_64 -kernel vmlinuz -initrd initramfs"
        self.row("from the kernel's first line to mend's, against an initramfs that only prints",
                 f"{ours / least:.2f} × ({ours:.1f} s emulated)", "≤ 1.3 ×", command)
        self.row("the same, against an initramfs that only loads the same drivers, waits for stick and disk, and prints",
                 f"{ours / drivers:.2f} × (and that one against the first: {drivers / least:.2f} ×)", "", command)

    def drivers(self):
        """The drivers that the emulated PC needs, out of the stick's initramfs, and the chains as lists of them."""
        tree = self.folder / "unpacked"
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        run("sh", "-c", f"zstdcat '{self.base / 'initramfs'}' | cpio --extract --quiet", cwd=tree)
        modules = {file.stem: file.read_bytes() for file in tree.rglob("*.ko")}
        files = {f"{name}.ko": modules[name] for chain in CHAINS.values() for name in chain.split()}
        for name, chain in CHAINS.items():
            files[name] = "".join(f"/{driver}.ko\n" for driver in chain.split()).encode()
        return files

    def initramfs(self, name, source, files):
        text, program, archive = (self.folder / (name + suffix) for suffix in (".c", ".init", ".cpio"))
        text.write_text(source, encoding="ascii")
        run("cc", "-O2", "-static", "-s", "-o", program, text)
        entries = [newc("init", program.read_bytes(), 0o100755)]
        entries += [newc(file, content, 0o100644) for file, content in files.items()]
        archive.write_bytes(b"".join(entries) + newc("TRAILER!!!", b"", 0))
        return archive

    def start(self, initramfs, image_id, devices, wanted):
        """Seconds between the arrival of the kernel's first line and of one that begins with `wanted`."""
        append = f"console=ttyS0,115200 earlyprintk=ttyS0,115200 loglevel=3 mendstick.image={image_id} mendstick.mode=scan"
        command = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "512M", "-smp", PROCESSORS,
                   "-nodefaults",
                   "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", self.base / "vmlinuz",
                   "-initrd", initramfs, "-append", append, *devices]
        with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as machine:
            limit = threading.Timer(300, machine.kill)
            limit.start()
            first = None
            for line in machine.stdout:
                first = first or time.monotonic()
                if re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", line).startswith(wanted):
                    taken = time.monotonic() - first
                    break
            else:
                sys.exit(f"bench: the emulated PC never said {wanted!r}")
            limit.cancel()
            machine.kill()
        return taken


def newc(name, content, mode):
    """One entry of a cpio archive."""
    fields = [1 if content else 0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return pad(head) + pad(content)


def pad(data):
    return data + bytes(-len(data) % 4)
