# SPDX-License-Identifier: GPL-3.0-or-later
"""`mendstick` as a preparer runs it: images built from the real base, judged by programs that are not ours.

The base is made of the distribution's packages once for each build of `mend`, into the cache that `mendstick` uses
for everybody; that takes a minute or two and, the first time, a network.
"""

import hashlib
import json
import os
import resource
import shutil
import signal
import unittest
from pathlib import Path

import preparer
from common import SOURCE, Scratch, main, need, run, sha256
from preparer import MENDSTICK

EXAMPLE = preparer.signed_copy(SOURCE / "configs/customers/example")
EPOCH = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000"}
BESIDE = (".bill.json", ".bmap", ".sha256")


class Stick(Scratch):
    def mendstick(self, *arguments, status=0, **options):
        done = run(MENDSTICK, *arguments, **options)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def customer(self, name="acme", parent="customers"):
        return Path(shutil.copytree(EXAMPLE, self.folder / parent / name))

    def listing(self, folder):
        return sorted(p.name for p in Path(folder).iterdir())

    def put(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


class Build(Stick):
    def test_the_example_becomes_a_stick_that_others_can_read(self):
        image = self.folder / "acme.img"
        done = self.mendstick("build", EXAMPLE, "-o", image)
        self.assertIn("in clear: whoever finds it can read them", done.stderr)
        self.assertEqual(done.stdout, f"{sha256(image)}  {image}\n")
        self.assertEqual(self.listing(self.folder), ["acme.img", *("acme.img" + e for e in BESIDE)])
        self.assertEqual(run(need("sha256sum"), "-c", "acme.img.sha256", cwd=self.folder).returncode, 0)
        self.assertEqual(image.stat().st_size, 256 << 20)
        self.assertLess(image.stat().st_blocks * 512, 64 << 20, "the content is larger than promised")

        with open(image, "rb") as whole, open(self.folder / "volume", "wb") as volume:
            whole.seek(1 << 20)
            shutil.copyfileobj(whole, volume)
        check = run(need("fsck.fat"), "-n", self.folder / "volume")
        self.assertEqual(check.returncode, 0, check.stdout)
        back = self.folder / "back"
        back.mkdir()
        self.assertEqual(run(need("mcopy"), "-s", "-n", "-i", f"{image}@@1M", "::*", back).returncode, 0)
        for path in ("profile.toml", "manifests/crowdstrike-2024-07-19.toml", "keys/entra-export.csv"):
            self.assertEqual((back / path).read_bytes(), (EXAMPLE / path).read_bytes())
        for path in ("EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "mendstick/vmlinuz"):
            self.assertEqual((back / path).read_bytes()[:2], b"MZ")
        self.assertTrue((back / "logs").is_dir())
        self.assertLess(sum((back / p).stat().st_size for p in ("mendstick/vmlinuz", "mendstick/initramfs")), 40 << 20)
        self.assertIn("Example GmbH", (back / "READ-ME-FIRST.txt").read_text(encoding="utf-8"))
        self.assertIn(b"vmlinuz", (back / "EFI/debian/grub.cfg").read_bytes())

    def test_the_same_input_gives_the_same_bytes_elsewhere(self):
        for place in ("one", "two"):
            (self.folder / place / "out").mkdir(parents=True)
            self.mendstick("build", self.customer(parent=place), "-o", self.folder / place / "out/acme.img", env=EPOCH)
        for ending in ("", *BESIDE):
            hashes = {sha256(self.folder / place / f"out/acme.img{ending}") for place in ("one", "two")}
            self.assertEqual(len(hashes), 1, ending)

    def test_every_fault_is_named_before_anything_is_made_or_downloaded(self):
        customer = self.customer()
        self.put(customer / "profile.toml", '[customer]\nname = "A"\ncolor = "red"\n')
        self.put(customer / "manifests/broken.toml", '[manifest]\nid = "x"\nversion = "one"\n')
        self.put(customer / "keys/empty.csv", "Computer;Owner\nPC-1;Smith\n")
        self.put(customer / "key/PC-1.txt", "in the wrong folder")
        cache = self.folder / "cache"
        done = self.mendstick("build", customer, "-o", self.folder / "acme.img", "--cache", cache, status=2)
        for place in ("acme/profile.toml:3:", "acme/manifests/broken.toml:3:", "acme/keys/empty.csv", "acme/key"):
            self.assertIn(place, done.stderr)
        self.assertEqual(self.listing(self.folder), ["customers"])

    def test_names_and_sizes_that_cannot_be(self):
        customer = self.customer(name="-rf")
        self.assertIn("the folder's name", self.mendstick("build", f"./{customer.name}", "-o", "x.img",
                                                          cwd=customer.parent, status=2).stderr)
        good = self.customer()
        for size in ("1M", "7T", "-5", "x", "100000001"):
            self.mendstick("build", good, "-o", self.folder / "x.img", f"--size={size}", status=2)
        self.mendstick("build", good, "-o", self.folder / "nowhere/x.img", status=2)
        self.mendstick("build", self.folder / "nobody", "-o", self.folder / "x.img", status=2)
        self.assertEqual(self.listing(self.folder), ["customers"])

    def test_a_base_of_ones_own_gives_the_same_image(self):
        base = self.folder / "base"
        self.mendstick("base", "-o", base)
        self.mendstick("build", EXAMPLE, "-o", self.folder / "a.img", env=EPOCH)
        self.mendstick("build", EXAMPLE, "-o", self.folder / "b.img", "--base", base, env=EPOCH)
        self.assertEqual(sha256(self.folder / "a.img"), sha256(self.folder / "b.img"))
        self.check_a_build_that_is_killed(base)
        self.mendstick("base", "-o", base, status=1)  # it is there
        with open(base / "vmlinuz", "ab") as file:
            file.write(b"x")
        self.assertIn("vmlinuz", self.mendstick("build", EXAMPLE, "-o", self.folder / "c.img", "--base", base, status=1).stderr)

    def check_a_build_that_is_killed(self, base):
        """It leaves no image, and keeps the old one."""
        image = self.put(self.folder / "acme.img", "the old one")
        limit = 1 << 20  # of a file's size: the kernel ends the program when it goes beyond

        def limited():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        done = run(MENDSTICK, "build", EXAMPLE, "-o", image, "--base", base, preexec_fn=limited)
        self.assertEqual(done.returncode, -signal.SIGXFSZ, done.stderr)
        self.assertEqual(image.read_text(), "the old one")
        self.assertFalse((self.folder / "acme.img.bmap").exists())

    def test_an_installation_builds_as_the_build_tree_does(self):
        installed = run(need("cmake"), "--install", os.environ["BUILD"], "--prefix", self.folder / "usr")
        self.assertEqual(installed.returncode, 0, installed.stderr)
        self.assertFalse(os.access(self.folder / "usr/lib/mendstick/init", os.X_OK))
        for name, program in (("a", MENDSTICK), ("b", self.folder / "usr/bin/mendstick")):
            done = run(program, "build", EXAMPLE, "-o", self.folder / f"{name}.img", env=EPOCH)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sha256(self.folder / "a.img"), sha256(self.folder / "b.img"))


class Batch(Stick):
    def test_one_failing_customer_stops_no_other(self):
        for name in ("alpha", "beta", "gamma"):
            self.customer(name)
        self.put(self.folder / "customers/beta/profile.toml", "[customer]\nnaem = 1\n")
        done = self.mendstick("batch", self.folder / "customers", "-o", self.folder / "out", "--jobs", "2", status=1)
        self.assertIn("beta failed:", done.stderr)
        self.assertIn("beta/profile.toml:2:", done.stderr)
        self.assertEqual(done.stdout, "2 built, 1 failed\n")
        self.assertEqual(self.listing(self.folder / "out"),
                         [n + ".img" + e for n in ("alpha", "gamma") for e in ("", ".bill.json", ".bmap")])
        for name in ("alpha", "gamma"):
            self.mendstick("verify", self.folder / f"out/{name}.img")

    def test_shards_make_together_what_one_run_makes(self):
        names = [f"customer-{i}" for i in range(12)]
        for name in names:
            self.customer(name)
        for shard in ("1/3", "2/3", "3/3"):
            self.mendstick("batch", self.folder / "customers", "-o", self.folder / "parts", "--shard", shard, env=EPOCH)
        self.mendstick("batch", self.folder / "customers", "-o", self.folder / "whole", "--sha256", env=EPOCH)
        images = [name for name in self.listing(self.folder / "whole") if name.endswith(".img")]
        self.assertEqual(images, sorted(name + ".img" for name in names))
        for image in images:
            self.assertEqual(sha256(self.folder / "parts" / image), sha256(self.folder / "whole" / image))
        self.assertEqual(run(need("sha256sum"), "-c", *(i + ".sha256" for i in images),
                             cwd=self.folder / "whole").returncode, 0)
        self.mendstick("batch", self.folder / "customers", "-o", self.folder / "x", "--shard", "4/3", status=2)


    def test_images_share_the_blocks_of_the_base_where_the_file_system_can(self):
        if not shutil.which("mkfs.xfs") or not shutil.which("filefrag"):
            raise unittest.SkipTest("SKIP: there is no mkfs.xfs or no filefrag to look at shared blocks with")
        self.customer("alpha")
        base, disk, mounted = (self.folder / name for name in ("base", "xfs.img", "mounted"))
        self.mendstick("base", "-o", base)
        self.mendstick("batch", self.folder / "customers", "-o", self.folder / "plain", "--base", base, env=EPOCH)
        mounted.mkdir()
        with open(disk, "wb") as file:
            file.truncate(1 << 30)
        self.assertEqual(run("mkfs.xfs", "-q", "-m", "reflink=1", disk).returncode, 0)
        # In a mount namespace of its own, so that nothing stays mounted.
        script = """mount -o loop "$1" "$2" || exit 77
                    cp -r "$3" "$2/base" && "$4" batch "$5" -o "$2/out" --base "$2/base" &&
                    sha256sum <"$2/out/alpha.img" && filefrag -v "$2/out/alpha.img" """
        done = run("unshare", "-m", "sh", "-c", script, "sh", disk, mounted, base, MENDSTICK, self.folder / "customers",
                   env=EPOCH)
        if done.returncode == 77:
            raise unittest.SkipTest(f"SKIP: this machine mounts no XFS out of a file: {done.stderr.strip()}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(sha256(self.folder / "plain/alpha.img"), done.stdout)
        shared = sum(int(line.split(":")[3]) for line in done.stdout.splitlines() if "shared" in line)
        self.assertGreater(shared * 4096, 20 << 20, done.stdout)


class WriteAndVerify(Stick):
    def setUp(self):
        super().setUp()
        self.built = self.folder / "acme.img"
        self.mendstick("build", EXAMPLE, "-o", self.built, "--size", "64M")
        self.target = self.folder / "target"
        with open(self.target, "wb") as file:
            for _ in range(70):
                file.write(b"\xee" * (1 << 20))

    def test_a_file_is_written_like_a_stick(self):
        done = self.mendstick("write", self.built, self.target)
        self.assertIn("written and read back", done.stdout)
        self.mendstick("verify", self.target, "--bmap", f"{self.built}.bmap")
        self.built.with_name("acme.img.bmap").unlink()
        self.mendstick("write", self.built, self.target)
        with open(self.target, "rb") as file:
            self.assertEqual(hashlib.sha256(file.read(64 << 20)).hexdigest(), sha256(self.built))

    def test_what_is_no_fit_target_is_left_alone(self):
        before = sha256(self.target)
        small = self.put(self.folder / "small", "x" * 100)
        self.assertIn("100 bytes", self.mendstick("write", self.built, small, status=1).stderr)
        self.mendstick("write", self.built, "/dev/null", status=2)
        self.mendstick("write", self.built, self.folder, status=2)
        self.mendstick("write", self.built, self.folder / "new", status=2)
        with open(self.built, "r+b") as file:
            file.seek(3 << 20)
            file.write(b"changed")
        self.assertIn("nothing was written", self.mendstick("write", self.built, self.target, status=1).stderr)
        self.assertEqual(sha256(self.target), before)
        self.assertEqual(small.read_text(), "x" * 100)

    def test_a_stick_is_compared_with_the_signed_record_of_its_build(self):
        record = f"{self.built}.bill.json"
        self.mendstick("write", self.built, self.target)
        self.assertIn(f"{record}: signed with key", self.mendstick("sign", record).stdout)
        done = self.mendstick("verify", self.target, "--record", record)
        self.assertIn("Mendstick image for Example GmbH, build 0, id ", done.stdout)
        self.assertIn(f"{record}: signed with key", done.stdout)
        other = self.folder / "other.img"
        self.mendstick("build", EXAMPLE, "-o", other, "--size", "64M", env=EPOCH)
        done = self.mendstick("verify", other, "--record", record, status=1)
        self.assertIn("it is not of the build that", done.stdout)

    def test_verify_names_what_differs(self):
        self.mendstick("verify", self.built)
        log = self.put(self.folder / "log", "a line\n")
        put = [need("mcopy"), "-o", "-i", f"{self.built}@@1M", log]
        self.built.with_name("acme.img.sha256").unlink()
        self.assertEqual(run(*put, "::logs/a.jsonl").returncode, 0)
        self.mendstick("verify", self.built)
        self.assertEqual(run(*put, "::manifests/crowdstrike-2024-07-19.toml").returncode, 0)
        done = self.mendstick("verify", self.built, status=1)
        self.assertIn("manifests/crowdstrike-2024-07-19.toml differs", done.stdout)
        self.mendstick("verify", self.put(self.folder / "noise", "x" * (3 << 20)), status=1)
        self.mendstick("verify", self.folder / "nowhere", status=2)


class Small(Stick):
    def test_manifests_are_checked(self):
        good = sorted((SOURCE / "configs/manifests").glob("*.toml"))
        done = self.mendstick("manifest", "check", *good)
        self.assertEqual(done.stdout.count(": good: "), len(good))
        bad = self.put(self.folder / "bad.toml", '[manifest]\nid = "x"\ncolour = 1\n')
        done = self.mendstick("manifest", "check", good[0], bad, status=2)
        self.assertIn("bad.toml:3:", done.stderr)

    def test_a_log_is_whole_cut_short_or_changed(self):
        self.make_pc("--plain")
        report = self.repair()
        log = next(self.stick.glob("*.jsonl"))
        whole = self.mendstick("audit", "verify", log).stdout
        self.assertIn(": consistent (origin not proven", whole)
        self.assertIn(report["log_receipt"], whole)
        self.assertIn(hashlib.sha256(log.read_bytes().splitlines()[-1]).hexdigest(), whole)
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        cut = self.put(self.folder / "cut.jsonl", "".join(lines[:-1]))
        self.assertIn("cut short after", self.mendstick("audit", "verify", cut, status=1).stdout)
        lines[2] = lines[2].replace('"', "'", 1)
        changed = self.put(self.folder / "changed.jsonl", "".join(lines))
        done = self.mendstick("audit", "verify", log, changed, status=1)
        self.assertIn("changed.jsonl: changed at line 3", done.stdout)
        self.mendstick("audit", "verify", self.folder / "nowhere", status=2)

    def test_a_receipt_proves_which_log_was_on_the_screen(self):
        self.make_pc("--plain")
        receipts = [self.repair()["log_receipt"], self.repair(status=0)["log_receipt"]]
        logs = sorted(self.stick.glob("*.jsonl"), key=lambda log: log.stat().st_mtime_ns)
        for code in (receipts[0], receipts[0].lower().replace("-", " ").replace("0", "o").replace("1", "l"),
                     hashlib.sha256(logs[0].read_bytes().splitlines()[-1]).hexdigest()):
            done = self.mendstick("audit", "verify", *logs, "--receipt", code).stdout.splitlines()
            self.assertIn(f"{logs[0].name}: proven by its receipt", done[0])
            self.assertIn(f"{logs[1].name}: consistent (origin not proven: ", done[1])
        self.mendstick("audit", "verify", *logs, "--receipt", receipts[0], "--receipt", receipts[1])

        # Somebody takes a line out and writes the chain anew: consistent, and yet not what was on the screen.
        records = [json.loads(line) for line in logs[0].read_text(encoding="utf-8").splitlines()]
        del records[3]
        before, lines = "0" * 64, []
        for number, record in enumerate(records):
            record["mendstick.sequence"], record["mendstick.previous_sha256"] = number, before
            lines.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
            before = hashlib.sha256(lines[-1].encode()).hexdigest()
        forged = self.put(self.folder / "forged.jsonl", "\n".join(lines) + "\n")
        self.assertIn("consistent (origin not proven; ", self.mendstick("audit", "verify", forged).stdout)
        done = self.mendstick("audit", "verify", forged, "--receipt", receipts[0], status=1)
        self.assertIn("none of these logs is the one that was on that screen", done.stdout)
        done = self.mendstick("audit", "verify", forged, "--receipt", "0000-00U0-0000-0000", status=2)
        self.assertIn("'U' as its character 7", done.stderr)

    def test_help_and_mistakes_on_the_command_line(self):
        text = self.mendstick("--help").stdout
        for command in ("build", "batch", "write", "verify", "manifest", "audit"):
            self.assertIn(command, text)
            self.assertNotEqual(self.mendstick(command, "--help").stdout, "")
        self.assertRegex(self.mendstick("--version").stdout, r"^mendstick \d+\.\d+\.\d+\n$")
        for wrong in ([], ["bild"], ["build"], ["build", EXAMPLE], ["build", EXAMPLE, "-o", "x", "--colour"],
                      ["batch", EXAMPLE, "-o", "x", "--jobs", "many"], ["manifest"], ["write", "x"]):
            self.assertIn("mendstick", self.mendstick(*wrong, status=2, cwd=self.folder).stderr)


if __name__ == "__main__":
    main()
