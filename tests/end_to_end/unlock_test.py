# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to open a volume, and every method, through the whole of `mend`."""

from common import Scratch, main, sha256

METHODS = ("aes-cbc-128", "aes-cbc-256", "aes-cbc-128-elephant", "aes-cbc-256-elephant", "xts-aes-128", "xts-aes-256")


class Unlock(Scratch):
    def check_fixed(self, *options):
        report = self.repair(*options)
        self.assertEqual(report["verdict"], "fixed")
        plain = self.plain_volume()
        self.assert_sound(plain)
        for path in self.channel_files("channel-bad"):
            self.assertIsNone(self.file_hash(plain, path))
        return report

    def test_every_method_is_read_and_written(self):
        for method in METHODS:
            with self.subTest(method=method):
                self.make_pc("--method", method)
                report = self.check_fixed("--recovery-key", self.recovery_key())
                self.assertEqual(report["volumes"][0]["encryption"]["method"], method)
                self.image.unlink()

    def test_a_password_opens_it(self):
        self.make_pc("--password", "anaconda£")
        self.assertEqual(self.check_fixed("--password", "anaconda£")["volumes"][0]["encryption"]["protector_type"],
                         "password")

    def test_a_password_comes_from_standard_input(self):
        self.make_pc("--password", "anaconda£")
        self.mend("scan", "--disk", self.image, "--password", "-", input="anaconda£\n")

    def test_a_startup_key_opens_it(self):
        bek = self.folder / "key.bek"
        self.make_pc("--startup-key", bek)
        self.check_fixed("--keys", bek)

    def test_a_suspended_volume_needs_no_key(self):
        self.make_pc("--clear-key")
        self.check_fixed()

    def test_a_key_file_of_many_keys_opens_it(self):
        self.make_pc()
        other = "111111-222222-333333-444444-555555-666666-111111-222222"
        lines = ["Hostname,KeyID,RecoveryKey,Directory"]
        lines += [f"PC{n},{n:08x}-0000-0000-0000-000000000000,{other},AD" for n in range(50)]
        lines += [f"{self.pc['windows']['host']},{self.protector_id()},{self.recovery_key()},AD"]
        self.check_fixed("--keys", self.write("keys.csv", "\n".join(lines) + "\n"))

    def test_a_key_that_does_not_fit_leaves_it_locked_and_names_the_one_wanted(self):
        self.make_pc()
        before = sha256(self.image)
        report = self.repair("--recovery-key", "111111-222222-333333-444444-555555-666666-111111-222222", status=1)
        volume = report["volumes"][0]
        self.assertEqual(volume["verdict"], "locked")
        self.assertIn(self.protector_id(), volume["reason"].lower())
        self.assertEqual(sha256(self.image), before)

    def test_a_wrong_group_is_named_and_the_key_is_not_shown(self):
        self.make_pc()
        groups = self.recovery_key().split("-")
        groups[4] = "123456"
        done = self.mend("scan", "--disk", self.image, "--recovery-key", "-".join(groups), status=2)
        self.assertIn("5", done.stderr)
        for group in groups:
            self.assertNotIn(group, done.stderr + done.stdout)


if __name__ == "__main__":
    main()
