# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input gets a clear error, the exit status of the contract, and a disk that is byte for byte as before."""

import json
import os
import random
import shutil

from common import MANIFEST, Scratch, main, sha256


class Unsafe(Scratch):
    def check_left_alone(self, *pc_options, verdict="unsafe", says=(), options=(), status=1):
        self.make_pc("--plain", *pc_options)
        before = sha256(self.image)
        report = self.repair(*options, status=status)
        self.assertEqual(report["volumes"][0]["verdict"], verdict)
        for word in says:
            self.assertIn(word, report["volumes"][0]["reason"].lower())
        self.assertEqual(sha256(self.image), before)
        return report

    def test_a_log_that_cannot_be_read_is_unsafe_whatever_policy_says(self):
        self.make_pc("--plain", "--log", "unclean")
        part = self.windows_partition()
        with open(self.image, "r+b") as image:
            image.seek(part["offset"])
            content = image.read(part["size_bytes"])
            for page in range(2):
                image.seek(part["offset"] + content.index(b"RSTR") + page * 4096)
                image.write(b"XSTR")
        before = sha256(self.image)
        report = self.repair("--allow-dirty", "--discard-hibernation", status=1)
        self.assertEqual(report["volumes"][0]["verdict"], "unsafe")
        self.assertIn("log", report["volumes"][0]["reason"])
        self.assertEqual(sha256(self.image), before)

    def test_every_header_of_a_saved_session_is_unsafe(self):
        for header in ("hibr", "HIBR", "RSTR"):
            with self.subTest(header=header):
                self.check_left_alone("--hibernated=" + header, says=["hiber"])

    def test_a_fast_startup_is_told_apart_and_given_up_by_its_own_policy(self):
        self.make_pc("--plain", "--fast-startup")
        scan = self.mend("scan", "--disk", self.image, status=1).stdout
        self.assertIn("fast startup", scan)
        self.assertEqual(self.repair(status=1)["volumes"][0]["verdict"], "unsafe")
        self.assertEqual(self.repair("--discard-hibernation=fast-startup")["verdict"], "fixed")
        self.assert_sound(self.plain_volume())

    def test_full_hibernation_is_given_up_only_when_asked(self):
        self.make_pc("--plain", "--hibernated")
        before = sha256(self.image)
        self.assertIn("open work", self.repair("--discard-hibernation=fast-startup", status=1)["volumes"][0]["reason"])
        self.assertEqual(sha256(self.image), before)
        self.assertEqual(self.repair("--discard-hibernation=all")["verdict"], "fixed")

    def test_a_session_on_one_volume_keeps_the_others_from_being_written_to(self):
        """RS-2"""
        for sleeping, healthy in (([], False), ([], True), (["--method", "xts-aes-128"], False)):
            with self.subTest(sleeping=sleeping, healthy=healthy):
                self.make_pc(*(sleeping or ["--plain"]), "--hibernated", *(["--healthy"] if healthy else []))
                asleep = self.folder / "asleep.img"
                os.rename(self.image, asleep)
                self.make_pc("--plain", "--host", "PC-0148", seed=8)
                before = sha256(self.image)
                both = ("--disk", asleep, "--discard-hibernation")
                report = self.repair(*both[:2], status=1)
                self.assertEqual([v["verdict"] for v in report["volumes"]], ["unsafe", "locked" if sleeping else "unsafe"])
                self.assertIn("session", report["volumes"][0]["reason"])
                self.assertEqual(sha256(self.image), before)
                if sleeping or healthy:  # its session stays: no key, or nothing to repair
                    self.repair(*both, status=1)
                    self.assertEqual(sha256(self.image), before)
                else:
                    self.assertEqual(self.repair(*both)["verdict"], "fixed")

    def test_two_sessions_cannot_be_given_up_at_once(self):
        """RS-2: while the first volume is written, the second one's session would believe it unchanged."""
        self.make_pc("--plain", "--fast-startup")
        other = self.folder / "other.img"
        os.rename(self.image, other)
        self.make_pc("--plain", "--hibernated", "--host", "PC-0148", seed=8)
        before = sha256(self.image), sha256(other)
        report = self.repair("--disk", other, "--discard-hibernation=all", status=1)
        self.assertEqual([v["verdict"] for v in report["volumes"]], ["unsafe", "unsafe"])
        self.assertIn("not with two", report["volumes"][0]["reason"])
        self.assertEqual((sha256(self.image), sha256(other)), before)

    def test_undo_brings_a_session_back_only_where_every_volume_is_as_before(self):
        """RS-3"""
        self.make_pc("--plain", "--hibernated")
        asleep = self.folder / "asleep.img"
        os.rename(self.image, asleep)
        self.make_pc("--plain", "--host", "PC-0148", seed=8)
        before = sha256(self.image), sha256(asleep)
        both = ("--disk", self.image, "--disk", asleep)
        self.mend("repair", *both, "--manifest", MANIFEST, "--audit-dir", self.stick, "--discard-hibernation=all")
        journals = {journal: sha256(journal) for journal in self.stick.glob("*.undo")}
        of_asleep = next(j for j in journals if "asleep" in j.name)
        of_other = next(j for j in journals if j != of_asleep)
        self.assertEqual(len(journals), 2)
        repaired = sha256(self.image), sha256(asleep)
        for disks in (both, both[2:]):
            refused = self.mend("undo", of_asleep, *disks, status=1)
            self.assertIn(f"Undo {of_other} first", refused.stderr)
            self.assertEqual((sha256(self.image), sha256(asleep)), repaired)
        self.mend("undo", of_other, *both)
        self.mend("undo", of_asleep, *both)
        self.assertEqual((sha256(self.image), sha256(asleep)), before)

    def test_a_saved_session_that_was_used_up_is_no_obstacle(self):
        self.make_pc("--plain", "--hibernated=wake")
        self.assertEqual(self.repair()["verdict"], "fixed")

    def test_a_dirty_volume_is_unsafe_unless_allowed(self):
        self.check_left_alone("--dirty", says=["dirty"])
        self.assertEqual(self.repair("--allow-dirty")["verdict"], "fixed")
        self.assert_sound(self.plain_volume())

    def test_discarding_zeroes_the_header_and_keeps_the_file(self):
        self.make_pc("--hibernated")
        size = next(f["size_bytes"] for f in self.pc["files"] if f["path"] == "hiberfil.sys")
        self.repair("--recovery-key", self.recovery_key(), status=1)
        report = self.repair("--recovery-key", self.recovery_key(), "--discard-hibernation")
        self.assertEqual(report["verdict"], "fixed")
        plain = self.plain_volume()
        self.assert_sound(plain)
        self.mend("decrypt", "--disk", self.image, "--recovery-key", self.recovery_key(), "-o", self.folder / "v")
        self.assertIn("hiberfil.sys", self.names_in(plain, "/"))
        self.assertGreater(size, 4095)


class Damage(Scratch):
    def test_truncated_images_are_refused_or_reported_and_never_changed(self):
        self.make_pc("--plain", size="96M")
        whole = self.image.stat().st_size
        for length in (1, 511, 512, 4096, 1 << 20, whole // 3, whole // 2, whole - 512):
            with self.subTest(length=length):
                cut = self.folder / "cut.img"
                shutil.copyfile(self.image, cut)
                os.truncate(cut, length)
                before = sha256(cut)
                for command in (["scan"], ["repair", "--manifest", MANIFEST, "--audit-dir", self.stick]):
                    done = self.run_any(*command, "--disk", cut)
                    self.assertIn(done.returncode, (1, 2, 3, 4))
                self.assertEqual(sha256(cut), before)

    def run_any(self, *arguments):
        from common import MEND, run
        done = run(MEND, *arguments)
        self.assertGreaterEqual(done.returncode, 0, f"{arguments} crashed: {done.stderr}")
        self.assertLessEqual(done.returncode, 5)
        self.assertNotIn("internal error", done.stderr)
        return done

    def test_random_bytes_are_no_disk(self):
        noise = random.Random(1)
        for size in (512, 65536, 4 << 20):
            path = self.folder / "noise.img"
            path.write_bytes(noise.randbytes(size))
            self.assertIn(self.run_any("scan", "--disk", path).returncode, (1, 3))

    def test_random_damage_anywhere_in_the_metadata_never_crashes_and_never_writes_in_a_dry_run(self):
        self.make_pc("--plain", size="96M")
        part = self.windows_partition()
        noise = random.Random(2)
        for seed in range(25):
            broken = self.folder / "broken.img"
            shutil.copyfile(self.image, broken)
            with open(broken, "r+b") as image:
                for _ in range(40):
                    image.seek(part["offset"] + noise.randrange(0, 24 << 20))
                    image.write(noise.randbytes(noise.choice((1, 8, 512))))
            before = sha256(broken)
            self.run_any("repair", "--disk", broken, "--manifest", MANIFEST, "--audit-dir", self.stick, "--dry-run")
            self.assertEqual(sha256(broken), before, f"seed {seed}")


class Usage(Scratch):
    def check_usage(self, *arguments, says):
        done = self.mend(*arguments, status=2)
        for word in says:
            self.assertIn(word, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_wrong_command_lines_say_what_to_type(self):
        self.check_usage("mendd", says=["mendd", "--help"])
        self.check_usage("repair", says=["--disk"])
        self.check_usage("repair", "--disk", "x", says=["--manifest"])
        self.check_usage("repair", "--disk", "x", "--manifest", "y", says=["--audit-dir"])
        self.check_usage("undo", says=[".undo"])
        self.check_usage("scan", "extra", says=["extra"])
        self.check_usage("scan", "--nonsense", says=["nonsense"])
        self.check_usage("repair", "--check", "most", "--disk", "x", says=["touched", "full"])

    def test_wrong_manifests_are_named_with_line_and_column(self):
        self.make_pc("--plain", size="96M")
        good = MANIFEST.read_text(encoding="utf-8")
        for name, text in (("unknown", good + "\nsurprise = 1\n"), ("dots", good.replace("Windows\\System32", "..\\x")),
                           ("absolute", good.replace("'Windows", "'\\Windows")), ("drive", good.replace("'Windows", "'C:\\Windows")),
                           ("type", good.replace("max_matches = 20", 'max_matches = "20"'))):
            with self.subTest(name=name):
                self.assertNotEqual(text, good)
                path = self.write(name + ".toml", text)
                done = self.mend("repair", "--disk", self.image, "--manifest", path, "--audit-dir", self.stick, status=2)
                self.assertRegex(done.stderr, name + r"\.toml:\d+:\d+: ")
                self.assertFalse(self.stick.exists())

    def test_a_key_file_of_100_MB_is_refused(self):
        self.make_pc(size="96M")
        huge = self.folder / "huge.csv"
        with open(huge, "wb") as file:
            file.truncate(100 << 20)
        done = self.mend("scan", "--disk", self.image, "--keys", huge, status=2)
        self.assertIn("huge.csv", done.stderr)

    def test_a_missing_disk_is_named(self):
        done = self.mend("scan", "--disk", self.folder / "absent.img", status=2)
        self.assertIn("absent.img", done.stderr)

    def test_too_many_matches_refuse_the_volume(self):
        self.make_pc("--plain", size="96M")
        text = MANIFEST.read_text(encoding="utf-8").replace("max_matches = 20", "max_matches = 1")
        text = text[: text.index("[rule.when]")]
        before = sha256(self.image)
        report = self.repair(manifest=self.write("one.toml", text), status=1)
        self.assertEqual(report["volumes"][0]["verdict"], "refused")
        self.assertEqual(sha256(self.image), before)

    def test_content_that_cannot_be_read_refuses_the_rule(self):
        self.make_pc("--plain", size="96M")
        wof = next(f["path"] for f in self.pc["files"] if f["note"] == "wof")
        text = ('[manifest]\nid = "w"\nversion = 1\ntitle = "t"\n[[rule]]\nid = "wof"\naction = "delete"\n'
                f"path = '{wof}'\nallow_protected = true\n[rule.when]\nheader = \"00 00\"\n")
        report = self.repair(manifest=self.write("wof.toml", text), status=1)
        self.assertEqual(report["volumes"][0]["verdict"], "refused")

    def test_a_rule_that_did_nothing_says_why(self):
        self.make_pc("--plain", size="96M")
        for path, says in (("Windows\\NoSuchFolder\\a.sys", "NoSuchFolder"), ("Windows\\System32\\zz*.qqq", "zz*.qqq")):
            text = f"[manifest]\nid = \"w\"\nversion = 1\ntitle = \"t\"\n[[rule]]\nid = \"x\"\naction = \"delete\"\npath = '{path}'\n"
            report = self.repair(manifest=self.write("idle.toml", text))
            self.assertEqual(report["verdict"], "not-affected")
            self.assertIn(says, report["volumes"][0]["idle_rules"][0]["reason"])

    def test_json_on_standard_output_is_alone_there(self):
        self.make_pc("--plain", size="96M")
        for command in (["scan"], ["check"]):
            json.loads(self.mend(*command, "--disk", self.image, "--json").stdout)


class Twins(Scratch):
    def test_two_copies_of_a_disk_are_refused_until_one_is_named(self):
        self.make_pc("--plain", size="96M")
        copy = self.folder / "copy.img"
        shutil.copyfile(self.image, copy)
        report = self.repair("--disk", copy, status=1)
        self.assertEqual({v["verdict"] for v in report["volumes"]}, {"refused"})
        self.assertEqual(self.repair()["verdict"], "fixed")


if __name__ == "__main__":
    main()
