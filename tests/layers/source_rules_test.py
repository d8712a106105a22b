#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each source rule finds what it forbids, in a small tree made for it, and nothing in a clean one."""

import pathlib
import subprocess
import tempfile
import unittest

import source_rules

SPDX = "// SPDX-License-Identifier: GPL-3.0-or-later\n"


class SourceRules(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(setattr, source_rules, "ROOT", source_rules.ROOT)
        source_rules.ROOT = pathlib.Path(self.folder.name)
        subprocess.run(["git", "init", "--quiet", self.folder.name], check=True)
        self.write("src/CMakeLists.txt",
                   "# SPDX-License-Identifier: GPL-3.0-or-later\nforeach(folder base crypto mend)\n")
        self.write("src/base/bytes.h", SPDX + "#pragma once\n#include <zlib.h>\n#include <vector>\n")
        self.write("src/crypto/aes.cc", SPDX + '#include "base/bytes.h"\n#include <openssl/evp.h>\n')

    def write(self, name, text):
        path = source_rules.ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def findings(self, rule):
        return [(str(path), what) for path, _, what in rule(source_rules.tracked_files())]

    def assert_finds(self, rule, file, text):
        found = self.findings(rule)
        self.assertTrue(any(path == file and text in what for path, what in found), found)

    def test_a_clean_tree_has_no_findings(self):
        for rule in (source_rules.layers, source_rules.style, source_rules.words):
            self.assertEqual(self.findings(rule), [])

    def test_a_folder_must_not_include_one_above_it(self):
        self.write("src/base/bad.cc", SPDX + '#include "crypto/aes.h"\n')
        self.assert_finds(source_rules.layers, "src/base/bad.cc", "above")

    def test_a_third_party_header_stays_inside_its_fence(self):
        self.write("src/base/bad.cc", SPDX + "#include <openssl/evp.h>\n")
        self.assert_finds(source_rules.layers, "src/base/bad.cc", "src/crypto only")

    def test_a_third_party_header_without_a_fence_is_found(self):
        self.write("src/base/bad.cc", SPDX + "#include <expat.h>\n")
        self.assert_finds(source_rules.layers, "src/base/bad.cc", "no fence")

    def test_an_include_is_written_from_src_on(self):
        self.write("src/base/bad.cc", SPDX + '#include "bytes.h"\n')
        self.assert_finds(source_rules.layers, "src/base/bad.cc", "not written from src/")

    def test_a_folder_without_a_place_in_the_order_is_found(self):
        self.write("src/extra/a.cc", SPDX)
        self.assert_finds(source_rules.layers, "src/extra/a.cc", "not in the order")

    def test_brokenpc_shares_no_bitlocker_code(self):
        self.write("tools/brokenpc/bad.cc", SPDX + '#include "bitlocker/keys.h"\n')
        self.assert_finds(source_rules.layers, "tools/brokenpc/bad.cc", "of its own")

    def test_first_lines_are_checked(self):
        self.write("src/base/bad.h", "#pragma once\n")
        self.assert_finds(source_rules.style, "src/base/bad.h", "SPDX")
        self.write("src/base/worse.h", SPDX)
        self.assert_finds(source_rules.style, "src/base/worse.h", "pragma")

    def test_a_file_of_500_lines_is_too_long(self):
        self.write("src/base/long.cc", SPDX + "// x\n" * 499)
        self.assert_finds(source_rules.style, "src/base/long.cc", "500 lines")

    def test_a_function_of_61_lines_is_too_long(self):
        def function(calls):
            return SPDX + "namespace mend {\nvoid f(int a,\n       int b) {\n" + "  call();\n" * calls + "}\n}\n"

        self.write("src/base/f.cc", function(57))
        self.assertEqual(self.findings(source_rules.style), [])
        self.write("src/base/f.cc", function(58))
        self.assert_finds(source_rules.style, "src/base/f.cc", "function of 61 lines")

    def test_words_of_one_machine_or_tracker_are_found(self):
        for line in ("see http://deb." + "debian.org/debian", "cd " + "/work" + "/main", "as issue" + " #12 says"):
            self.write("docs.md", line + "\n")
            self.assertTrue(self.findings(source_rules.words), line)


if __name__ == "__main__":
    unittest.main()
