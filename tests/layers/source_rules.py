#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the compiler does not see, checked over the whole source tree.

    source_rules.py layers   a folder under src/ includes only itself and the folders before it, and third-party
                             headers only inside their fence; brokenpc shares no BitLocker code with mend
    source_rules.py style    first lines, #pragma once, lengths of files and functions, file endings
    source_rules.py words    nothing in the repository names a registry's host, a path of one machine, the
                             number of an issue or work left undone

Prints `file:line: what` for each finding; the exit status is 1 when there is one. The order of the folders is
that of src/CMakeLists.txt, so that it is written once.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]  # the test of these rules gives another

# Third-party header (by its beginning) -> the folders under src/ that may include it.
FENCES = {
    "zlib.h": {"base"},
    "openssl/": {"crypto"},
    "sodium": {"crypto"},
    "qrcodegen/": {"barcode"},
    "blkid/": {"disk"},
    "ntfs-3g/": {"ntfs3g"},
    "hivex.h": {"windows"},
    "iconv.h": {"windows"},
    "csv.h": {"keys"},
    "ncurses.h": {"screen"},
    "toml++/": {"config"},
    "nlohmann/": {"audit", "repair", "console", "mend", "image", "report", "mendstick"},
    "boost/": {"mend"},
    "CLI/": {"mendstick"},
    "lzma.h": {"image"},
    "zstd.h": {"image", "init"},
    "fmt/": None,  # everywhere
}
# Headers of the C library and the kernel. What has no dot is the C++ library's.
SYSTEM = re.compile(
    r"^(?:[a-z_]+|(?:sys|linux|net|netinet|arpa|scsi|bits)/[\w/-]+\.h"
    r"|(?:cpuid|dirent|dlfcn|errno|fcntl|fnmatch|getopt|glob|grp|immintrin|langinfo|limits|locale|netdb|poll|pthread"
    r"|pwd|signal|spawn|stddef|stdint|stdio|stdlib|string|strings|termios|time|unistd|wchar)\.h)$"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

MAX_FILE_LINES = 499
MAX_FUNCTION_LINES = 60

# Written so that this file does not hold what it looks for.
FORBIDDEN = {
    r"\b(?:deb|security|snapshot|ftp|archive)\.debi[a]n\.org": "the host of a package registry",
    r"\bregistry\.npm[j]s\.": "the host of a package registry",
    r"(?<![\w.])/wor[k]/": "a path of one machine",
    r"(?<![\w.])/(?:home|Users)/[a-z]": "a path of one machine",
    r"\bissues?\s+#?\d": "the number of an issue",
    r"\b(?:FI[X]ME|XX[X]|TO[D]O)\b": "work left undone",
}


def tracked_files():
    """Every file of the repository, also those not added yet, as paths relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [pathlib.PurePosixPath(name) for name in sorted(set(listed.split("\0")) - {""})
            if (ROOT / name).is_file() and not is_picture(pathlib.PurePosixPath(name))]


def is_picture(path):
    """The only files that are no text: real screens, for the README."""
    return path.suffix == ".png" and path.parent == pathlib.PurePosixPath("image/screens")


def lines_of(path):
    return (ROOT / path).read_text(encoding="utf-8").split("\n")


def is_cpp(path):
    return path.suffix in (".h", ".cc")


def folder_order():
    text = (ROOT / "src/CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(r"foreach\(folder ([^)]*)\)", text).group(1).split()


def third_party_problem(header, folder):
    for prefix, folders in FENCES.items():
        if header.startswith(prefix):
            if folders is None or folder in folders:
                return None
            return f"<{header}> belongs into {', '.join('src/' + f for f in sorted(folders))} only"
    return None if SYSTEM.match(header) else f"<{header}> has no fence in tests/layers/source_rules.py"


def include_problem(kind, header, folder, order):
    if kind == "<":
        return third_party_problem(header, folder)
    target = header.split("/")[0]
    if "/" not in header or target not in order:
        return f'"{header}" is not written from src/ on'
    if order.index(target) > order.index(folder):
        return f'src/{folder} must not include "{header}": it stands above it'
    return None if (ROOT / "src" / header).is_file() else f'"{header}" does not exist'


def layers(files):
    order = folder_order()
    for path in filter(is_cpp, files):
        in_src = path.parts[0] == "src"
        folder = path.parts[1]
        if in_src and folder not in order:
            yield path, 1, f"src/{folder} is not in the order of src/CMakeLists.txt"
            continue
        for number, line in enumerate(lines_of(path), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            kind, header = match.groups()
            if in_src:
                problem = include_problem(kind, header, folder, order)
                if problem:
                    yield path, number, problem
            elif path.parts[:2] == ("tools", "brokenpc") and header.startswith("bitlocker/"):
                yield path, number, "brokenpc writes BitLocker by code of its own, else a test of one by the other is void"


def function_problems(path, lines):
    """Functions at the left margin, where clang-format puts their first line and their closing brace."""
    start = None
    opened = False
    for number, line in enumerate(lines, 1):
        if start is None:
            if not re.match(r"[A-Za-z_\[~:]", line) \
                    or re.match(r"(?:namespace|class|struct|union|enum|extern|using)\b", line):
                continue
            start, opened = number, False
        if not opened:
            opened = line.endswith("{")
            if not opened and re.search(r"[;}]\s*(?://.*)?$", line):
                start = None  # a declaration, or a body on one line
        elif line.startswith("}"):
            if line == "}" and number - start >= MAX_FUNCTION_LINES:
                yield path, start, f"a function of {number - start + 1} lines; at most {MAX_FUNCTION_LINES}"
            start = None


def style(files):
    for path in files:
        if path.name == "LICENSE":
            continue
        lines = lines_of(path)
        if lines[-1] != "" or lines[-2:] == ["", ""]:
            yield path, len(lines), "the file must end with one newline"
        code = is_cpp(path) or path.suffix in (".py", ".cmake") or path.name == "CMakeLists.txt" \
            or lines[0].startswith("#!")
        if code and not any("SPDX-License-Identifier: GPL-3.0-or-later" in line for line in lines[:2]):
            yield path, 1, "no SPDX line at the top"
        if path.suffix == ".h" and "#pragma once" not in lines:
            yield path, 1, "no #pragma once"
        if is_cpp(path):
            if len(lines) - 1 > MAX_FILE_LINES:
                yield path, MAX_FILE_LINES, f"{len(lines) - 1} lines; at most {MAX_FILE_LINES}"
            # A test case may be long: it is a list.
            if path.parts[0] != "tests":
                yield from function_problems(path, lines)


def words(files):
    patterns = [(re.compile(pattern), what) for pattern, what in FORBIDDEN.items()]
    for path in files:
        if path.name == "LICENSE":
            continue
        for number, line in enumerate(lines_of(path), 1):
            for pattern, what in patterns:
                if pattern.search(line):
                    yield path, number, f"{what}: {line.strip()[:80]}"


def main():
    rules = {"layers": layers, "style": style, "words": words}
    if len(sys.argv) != 2 or sys.argv[1] not in rules:
        sys.exit(__doc__)
    files = tracked_files()
    findings = list(rules[sys.argv[1]](files))
    for path, number, what in findings:
        print(f"{path}:{number}: {what}")
    print(f"{sys.argv[1]}: {len(files)} files, {len(findings)} findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
