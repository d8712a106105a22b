# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of tools/bench that measures reports: how long a page of 10,000 machines takes to make, and to use."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MACHINES = 10_000


def measure(bench, row, cost):
    logs, page = bench.folder / "fleet", bench.folder / "fleet.html"
    cost(sys.executable, "-B", HERE.parent / "web/fleet.py", logs, "--machines", MACHINES, "--customers", "A,B,C")
    runs = [cost(bench.mendstick, "report", logs, "-o", page, status=(0, 1)) for _ in range(bench.runs)]
    runs.sort(key=lambda run: run.wall)
    middle = runs[len(runs) // 2]
    row(f"report of {MACHINES:,} logs", f"{middle.wall:.1f} s ({middle.cpu:.1f} s CPU), {page.stat().st_size / 1e6:.1f} MB, "
        f"{middle.memory_mib:.0f} MiB", "< 3 s, < 15 MB", "mendstick report LOGS -o report.html")
    done = subprocess.run([HERE.parent / "web/run.sh", bench.build, HERE / "web.mjs", page], capture_output=True, text=True,
                          env={**bench.environment, "MENDSTICK": str(bench.mendstick)}, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: web.mjs gave {done.returncode}:\n{done.stdout}{done.stderr}")
    figures = json.loads(done.stdout.splitlines()[-1])
    row("that page: filter, in Chromium", f"{figures['filter_cpu']:.0f} ms CPU, at worst {figures['filter_cpu_worst']:.0f}; by the clock "
        f"{figures['filter']:.0f} ms, at worst {figures['filter_worst']:.0f}", "< 100 ms", "web.mjs PAGE")
    row("that page: sort; open a machine; open the page", f"{figures['sort']:.0f} ms, at worst {figures['sort_worst']:.0f} ms; "
        f"{figures['details']:.0f} ms; {figures['shown']:.0f} ms", "", "web.mjs PAGE")
