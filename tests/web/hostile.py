#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""hostile.py FOLDER: a log whose names are made to break a page: markup, quotes, marks that turn the text around, and
32,000 characters. Prints them as JSON."""

import json
import random
import sys

import fleet

NAMES = {
    "script": "</script><script>alert('name')</script>",
    "image": "<img src=x onerror=alert(1)>.sys",
    "quotes": "\"'`&quot;&lt;b&gt;${alert(1)}.sys",
    "turned": "invoice\u202excod.sys",
    "hidden": "a\u200bb\u2066c\u0007d.sys",
    "right": "\u05e7\u05d5\u05d1\u05e5.sys",
    "long": "x" * 32000,
}


def main():
    machine = fleet.Machine(1, NAMES["script"], random.Random(1))
    machine.name = NAMES["script"]
    log = machine.start("</title>", "00000000deadbeef", fleet.START)
    machine.volume(log, host=NAMES["script"])
    for name in NAMES.values():
        machine.file(log, "file-changed", "done", path=f"Windows\\{name}", new_path=f"Mendstick.quarantine\\{name}")
    machine.end(log, "refused", NAMES["image"] + " " + NAMES["turned"] + " " + NAMES["long"], status=1)
    log.write(sys.argv[1], "hostile")
    print(json.dumps(NAMES))


if __name__ == "__main__":
    main()
