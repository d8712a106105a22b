# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that stands for the stick, for `mend console` on an image file."""

import shutil

from common import MANIFEST, Scratch, log_records

IMAGE_INFO = """[image]
id = "0123456789abcdef0123456789abcdef"
customer = "Acme GmbH"
incident = "Channel file 291"
built = 2026-11-25T12:00:00Z
version = "0.1.0"
"""


class StickFolder(Scratch):
    def setUp(self):
        super().setUp()
        self.device = self.folder / "device"
        self.device.touch()
        for name in ("manifests", "keys", "logs", "mendstick"):
            (self.stick / name).mkdir(parents=True)
        shutil.copy(MANIFEST, self.stick / "manifests")
        (self.stick / "mendstick/image.toml").write_text(IMAGE_INFO)
        self.profile()

    def profile(self, rest=""):
        text = f'[customer]\nname = "Acme GmbH"\ncontact = "Service desk, 030 1234"\n{rest}'
        # Signatures have tests of their own (trust_test.py).
        text += ("" if "[stick]" in rest else "[stick]\n") + 'unsigned = "allow"\n'
        (self.stick / "profile.toml").write_text(text)

    def host(self):
        return self.pc["windows"]["host"]

    def assert_no_key_in(self, data, where):
        key = self.recovery_key()
        for form in (key, key.replace("-", ""), key.replace("-", " ")):
            self.assertNotIn(form.encode(), data, where)

    def records(self, action):
        return [r for r in log_records(self.stick / "logs") if r["event.action"] == action]
