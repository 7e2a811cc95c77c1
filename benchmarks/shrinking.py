"""How small the failing schedules become: switches, time, lines of the table, length of the token.

    python benchmarks/shrinking.py
    python benchmarks/shrinking.py --seeds 5 --programs reorder_3,twostage

runs the programs of SCTBench, the quickstart and `examples/real_libraries`, each with each seed, and prints a line for
each program: on how many seeds its bug was found, how many preemptions are
left (the least and the most over the seeds, and how many there had been), the seconds that shrinking took, the lines
of the longest table and the characters of the longest token.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (ROOT / "benchmarks" / "sctbench", ROOT / "examples" / "quickstart", ROOT / "examples" / "real_libraries")


def findings(folder: Path, seed: int, schedules: int, wanted: list[str]) -> dict[str, tuple[dict[str, Any], int]]:
    """By test, the entry of what was found in the JSON report, and how many lines its table has."""
    root = ROOT if folder.name == "sctbench" else folder
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        command = [sys.executable, "-m", "pytest", f"--rootdir={root}", "-p", "no:cacheprovider", "-p", "no:frontrun"]
        selected = ["-k", " or ".join(f"test_{name}" for name in wanted)] if wanted else []
        options = [f"--interleave-seed={seed}", f"--interleave-schedules={schedules}", f"--interleave-json={report}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        run = subprocess.run(
            [*command, "--tb=short", *options, *selected, str(folder)],
            cwd=root,
            env={**environment, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode == 5:
            return {}
        if run.returncode not in (0, 1):
            raise SystemExit(run.stdout + run.stderr)
        tests = json.loads(report.read_text(encoding="utf-8"))["tests"]
    found = {}
    for test in tests:
        name = test["nodeid"].rpartition("::test_")[2]
        if test["finding"] is not None and (not wanted or name in wanted):
            found[name] = (test["finding"], _table_lines(run.stdout, test["finding"]["token"]))
    return found


def _table_lines(output: str, token: str) -> int:
    """The lines of the table above a token; 0 if there is none, because the failure is no race."""
    if f"--interleave-replay={token}" not in output:
        return 0
    above = output.partition(f"--interleave-replay={token}")[0].rpartition("\nFound in schedule ")[0]
    rule = [match.start() for match in re.finditer(r"^     ---[- ]+$", above, re.MULTILINE)][-1]
    return above[rule:].rstrip().count("\n") + 2


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--schedules", type=int, default=1_000)
    parser.add_argument("--programs", default="", help="names with commas between them (default: all)")
    arguments = parser.parse_args()
    wanted = [name.strip() for name in arguments.programs.split(",") if name.strip()]
    found: defaultdict[str, list[tuple[dict[str, Any], int]]] = defaultdict(list)
    for seed in range(arguments.seeds):
        for folder in FOLDERS:
            for name, one in findings(folder, seed, arguments.schedules, wanted).items():
                found[name].append(one)
        print(f"seed {seed}", file=sys.stderr, flush=True)
    print(f"{'program':<36} found  preempt.  (from)   seconds: median, most   lines  token")
    seconds = []
    for name, entries in sorted(found.items()):
        preemptions = [entry["preemptions"] for entry, _ in entries if entry["preemptions"] is not None]
        before = [entry["shrunk_from"] for entry, _ in entries if entry["shrunk_from"] is not None]
        took = [entry["shrink_seconds"] for entry, _ in entries]
        seconds += took
        lines = max(lines for _, lines in entries)
        token = max(len(entry["token"]) for entry, _ in entries)
        left = f"{min(preemptions)} to {max(preemptions)}" if preemptions else "unknown"
        whole = f"({min(before)} to {max(before)})" if before else ""
        print(
            f"{name:<36} {len(entries):>5}  {left:<8}  {whole:<11} {statistics.median(took):>6.2f} {max(took):>6.2f}"
            f"   {lines:>12}  {token:>5}"
        )
    if seconds:
        print(f"median of all: {statistics.median(seconds):.3f} s")


if __name__ == "__main__":
    main()
