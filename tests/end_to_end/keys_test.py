# SPDX-License-Identifier: GPL-3.0-or-later
"""`mendstick keys`: what a preparer exported becomes what `mend` opens a PC with."""

import contextlib
import datetime
import os
import pty
import re
import shutil
import signal
import stat
import subprocess

from common import MANIFEST, MEND, Scratch, main, need, run

MENDSTICK = os.environ["MENDSTICK"]
# Valid, and nobody's.
OTHER = "000011-000022-000033-000044-000055-000066-000077-720885"
GUID = "4967d63b-2e29-4ad8-8399-f6a339e3d00"


class Keys(Scratch):
    def setUp(self):
        super().setUp()
        self.customer = self.folder / "acme"
        self.customer.mkdir()
        self.keys = self.customer / "keys"

    def put(self, name, text, encoding="utf-8"):
        path = self.folder / name
        path.write_bytes(text.encode(encoding))
        return path

    def mendstick(self, *arguments, status=0):
        done = run(MENDSTICK, "keys", *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for key in (OTHER, OTHER[7:]):
            self.assertNotIn(key, done.stdout + done.stderr)
        return done


class Import(Keys):
    def test_a_pc_opens_with_what_was_imported(self):
        self.make_pc("--startup-key", self.folder / "x.BEK")
        key, own = self.recovery_key(), self.protector_id()
        ad = self.put("ad.csv", "ComputerName;Date;Time;GMT;PasswordID;RecoveryPassword\r\n"
                      f"PC01;2024-07-19;05:27:00;+00:00;{own};{key}\r\nPC02;;;;{GUID}1;{OTHER}\r\n", "utf-16")
        entra = self.put("entra.csv", "DeviceName,RecoveryKeyId,CreatedDateTime,RecoveryKey\n"
                         f"NEWNAME,{own},2024-08-01T00:00:00Z,{key}\n")
        done = self.mendstick("import", ad, entra, self.folder / "x.BEK", "-o", self.keys)
        self.assertIn("2 recovery keys of 2 hosts, 1 startup key\n", done.stdout)
        self.assertIn("NEWNAME: 1 key, the newest of 2024-08-01", done.stdout)
        self.assertIn("left out: 1 duplicate\n", done.stdout)
        self.assertNotIn(key[:13], done.stdout + done.stderr)
        table = self.keys / "recovery-keys.csv"
        self.assertEqual(stat.S_IMODE(table.stat().st_mode), 0o600)
        self.assertEqual(table.read_text(encoding="utf-8"),
                         "host,protector_id,recovery_key,created,source\n"
                         f"NEWNAME,{own},{key},2024-08-01T00:00:00Z,table\nPC02,{GUID}1,{OTHER},,table\n")
        self.assertEqual((self.keys / "x.BEK").read_bytes(), (self.folder / "x.BEK").read_bytes())
        for keys in (table, self.keys / "x.BEK", self.keys):
            report = self.repair("--keys", keys, "--dry-run")
            self.assertEqual(report["verdict"], "would-fix")

    def test_a_second_import_adds_and_a_repeated_one_changes_nothing(self):
        first = self.put("a.csv", f"Hostname,KeyID,RecoveryKey\nPC01,{GUID}1,{OTHER}\n")
        second = self.put("b.json", f'{{"id": "{GUID}2", "key": "{OTHER}"}}')
        self.mendstick("import", first, "-o", self.keys)
        self.mendstick("import", second, "-o", self.keys)
        table = (self.keys / "recovery-keys.csv").read_bytes()
        self.assertEqual(table.count(b"\n"), 3)
        self.mendstick("import", first, second, "-o", self.keys)
        self.assertEqual((self.keys / "recovery-keys.csv").read_bytes(), table)

    def test_wrong_lines_are_named_and_the_rest_counts(self):
        wrong = OTHER[:-1] + "6"
        export = self.put("a.csv", f"Hostname,KeyID,RecoveryKey\nPC01,{GUID}1,{OTHER}\nPC02,{GUID}2,{wrong}\n"
                          f"PC03,{GUID}3,System.Object[]\n")
        hosts = self.put("hosts.txt", "pc01\nPC02\nPC09\n")
        done = self.mendstick("check", export, "--hosts", hosts, status=1)
        self.assertIn("a.csv:3: mistyped recovery password, wrong in group 8", done.stderr)
        self.assertIn("a.csv:4: the export wrote 'System.Object[]'", done.stderr)
        self.assertIn("no key of the host PC02\nno key of the host PC09\n", done.stdout)
        self.assertFalse(self.keys.exists())
        self.mendstick("import", export, "--hosts", hosts, "-o", self.keys, status=1)
        self.assertIn(OTHER, (self.keys / "recovery-keys.csv").read_text(encoding="utf-8"))

    def test_only_what_a_stick_found_missing_is_taken(self):
        export = self.put("a.csv", "Hostname,KeyID,RecoveryKey\n" +
                          "".join(f"PC0{n},{GUID}{n},{OTHER}\n" for n in range(1, 6)))
        wanted = self.put("wanted-keys.csv", "protector_id,host,description,serial,first_wanted\n"
                          f"{GUID}2,PC02,PC02 C: 19/07/2024,S,2024-07-20T08:01:00Z\n"
                          f"{GUID}9,PC99,PC99 C: 19/07/2024,S,2024-07-20T08:01:00Z\n")
        done = self.mendstick("import", export, "--only", wanted, "-o", self.keys, status=1)
        self.assertIn("1 recovery key of 1 host", done.stdout)
        self.assertIn(f"still missing: {GUID}9 (PC99 C: 19/07/2024)", done.stdout)
        table = (self.keys / "recovery-keys.csv").read_text(encoding="utf-8")
        self.assertIn("PC02", table)
        self.assertNotIn("PC01", table)

    def test_a_startup_key_of_the_same_name_is_never_overwritten(self):
        folders = [self.folder / "one", self.folder / "two"]
        for seed, folder in enumerate(folders):
            folder.mkdir()
            self.make_pc("--startup-key", folder / "key.BEK", seed=seed + 1)
        self.mendstick("import", *folders, "-o", self.keys)
        self.assertEqual(len(list(self.keys.iterdir())), 2)
        first = (self.keys / "key.BEK").read_bytes()
        shutil.rmtree(self.keys)
        self.mendstick("import", folders[0], "-o", self.keys)
        self.assertEqual((self.keys / "key.BEK").read_bytes(), first)
        done = self.mendstick("import", folders[1], "-o", self.keys, status=1)
        self.assertIn("another startup key", done.stderr)
        self.assertEqual((self.keys / "key.BEK").read_bytes(), first)

    def test_what_cannot_be_used_ends_with_a_clear_error(self):
        export = self.put("a.csv", f"Hostname,KeyID,RecoveryKey\nPC01,{GUID}1,{OTHER}\n")
        empty = self.put("empty.txt", "nothing\n")
        for arguments, says in (((empty, "-o", self.keys), "no usable key"),
                                ((self.folder / "absent", "-o", self.keys), "cannot be opened"),
                                ((export, "-o", self.folder / "no" / "keys"), "CUSTOMER_DIR/keys"),
                                ((export, "--hosts", empty.with_name("h"), "-o", self.keys), "cannot be opened"),
                                ((export, "--only", export, "-o", self.keys), "no list of wanted keys")):
            with self.subTest(says=says):
                self.assertIn(says, self.mendstick("import", *arguments, status=2).stderr)
                self.assertFalse(self.keys.exists())


class Rotate(Keys):
    def test_a_key_that_was_used_is_to_be_changed(self):
        self.make_pc()
        key, own = self.recovery_key(), self.protector_id()
        self.repair("--recovery-key", key)
        done = self.mendstick("rotate", "--log", self.stick)
        self.assertRegex(done.stdout, f"\n[^,]+,C:,{own},recovery password,used,20[^,]+,[^,]+\\.jsonl\n$")
        carried = self.put("keys.csv", f"Hostname,KeyID,RecoveryKey\nPC01,{own},{key}\nPC02,{GUID}2,{OTHER}\n")
        done = self.mendstick("rotate", "--log", self.stick, "--carried", carried)
        self.assertIn(f"{own},recovery password,used and carried,", done.stdout)
        self.assertIn(f"PC02,,{GUID}2,recovery password,carried,,\n", done.stdout)
        commands = self.mendstick("rotate", "--log", self.stick, "--carried", carried, "--commands").stdout
        self.assertIn(f"manage-bde -protectors -delete C: -id {{{own}}}\n", commands)
        self.assertNotIn(key[:13], done.stdout + done.stderr + commands)

    def test_a_key_of_a_run_that_was_stopped_is_in_its_log(self):
        second = self.folder / "second.img"
        self.make_pc(output=second, seed=8)
        self.make_pc()
        own = self.protector_id()
        keys = self.put("keys.csv", f"Hostname,KeyID,RecoveryKey\nPC01,{own},{self.recovery_key()}\n" + "".join(
            f"PC{n},,{n * 11:06}-{OTHER[7:]}\n" for n in range(5000)))
        ours, theirs = pty.openpty()
        with subprocess.Popen([MEND, "repair", "--disk", self.image, "--disk", second, "--manifest", MANIFEST, "--keys", keys,
                               "--audit-dir", self.stick], stdout=theirs, stderr=theirs) as mend:
            os.close(theirs)
            shown = b""
            while not re.search(rb"unlocking [^\r]*second.img", shown):
                shown += os.read(ours, 4096)
            mend.send_signal(signal.SIGINT)
            with contextlib.suppress(OSError):  # the terminal's end
                while os.read(ours, 4096):
                    pass
        os.close(ours)
        self.assertNotEqual(mend.returncode, 0)
        done = self.mendstick("rotate", "--log", self.stick)
        self.assertIn(f",{own},recovery password,used,", done.stdout)

    def test_a_log_that_was_changed_is_named(self):
        self.make_pc()
        self.repair("--recovery-key", self.recovery_key(), "--dry-run")
        log = next(self.stick.glob("*.jsonl"))
        log.write_bytes(log.read_bytes().replace(b"success", b"failure", 1))
        done = self.mendstick("rotate", "--log", log, status=1)
        self.assertIn(f"{log}: ", done.stderr)
        self.assertIn("needs --log", self.mendstick("rotate", status=2).stderr)


class Sheet(Keys):
    def scan(self, page):
        """What a scanner reads off the page as a real browser shows it: kind and text of each symbol."""
        browser, scanner = need("chromium"), need("zbarimg")
        picture = self.folder / "page.png"
        shown = run(browser, "--headless", "--no-sandbox", "--disable-gpu", "--force-device-scale-factor=2",
                    "--hide-scrollbars", "--window-size=900,1600", f"--user-data-dir={self.folder}/browser",
                    f"--screenshot={picture}", page.as_uri())
        self.assertTrue(picture.exists(), shown.stderr)
        return sorted(run(scanner, "--quiet", picture).stdout.split())

    def test_a_scanner_reads_the_keys_off_the_page(self):
        keys = [OTHER, "720885-000077-000066-000055-000044-000033-000022-000011", "110000-" + OTHER[7:]]
        export = self.put("a.csv", "Hostname,KeyID,RecoveryKey,Created\n" + "".join(
            f"{host},{GUID}{n},{key},2024-07-1{n}\n" for n, (host, key) in enumerate(zip(("PC01", "pc01.local", "PC03"), keys))))
        page = self.folder / "sheet.html"
        done = self.mendstick("sheet", "PC01", "PC09", "--keys", export, "-o", page, "--days", "3", status=1)
        self.assertIn("no key of the host PC09", done.stderr)
        self.assertEqual(stat.S_IMODE(page.stat().st_mode), 0o600)
        text = page.read_text(encoding="utf-8")
        self.assertIn(keys[0], text)
        self.assertNotIn(keys[2], text)
        expires = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=3)
        self.assertIn(f"destroy this page by {expires}", text)
        digits = [key.replace("-", "") for key in keys[:2]]
        self.assertEqual(self.scan(page), sorted(f"{kind}:{d}" for kind in ("CODE-128", "QR-Code") for d in digits))

    def test_what_a_file_says_is_text_on_the_page(self):
        export = self.put("a.csv", f'Hostname,KeyID,RecoveryKey\n"<script>alert(1)</script>&""",{GUID}1,{OTHER}\n')
        page = self.folder / "sheet.html"
        self.mendstick("sheet", '<script>alert(1)</script>&"', "--keys", export, "-o", page)
        text = page.read_text(encoding="utf-8")
        self.assertNotIn("<script", text)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;", text)
        self.assertNotIn("http:", text)
        self.assertNotIn("https:", text)

    def test_without_any_key_nothing_is_written(self):
        export = self.put("a.csv", f"Hostname,KeyID,RecoveryKey\nPC01,{GUID}1,{OTHER}\n")
        self.mendstick("sheet", "PC02", "--keys", export, "-o", self.folder / "sheet.html", status=2)
        self.assertFalse((self.folder / "sheet.html").exists())


if __name__ == "__main__":
    main()
