"""What shards save: one test with many schedules in one process, and split over the workers of pytest-xdist.

    python benchmarks/shards.py

The runs come in pairs, one of each kind, in turns which of them is first; the figures are the median seconds of a
whole pytest run, from its start to its end, and the median of the pairs' ratios. Both run as many schedules, and
without other plugins, which would have to be imported in each process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEST = """
import threading

import pytest


class Counter:
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()

    def add(self):
        for _ in range({additions}):
            with self.lock:
                self.value += 1


@pytest.mark.concurrency(schedules={schedules}, seconds=None)
def test_adding(run_concurrent):
    counter = Counter()
    run_concurrent(counter.add, workers={threads})
    assert counter.value == {threads} * {additions}
"""


def seconds_of_a_run(folder: Path, schedules: int, *options: str) -> float:
    """Of a pytest run, from its start to its end."""
    report = folder / "report.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_interleave.plugin"]
    command += ["--interleave-seed=1", f"--interleave-json={report}", *options]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    start = time.perf_counter()
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if run.returncode != 0:
        raise SystemExit(f"{command} failed:\n{run.stdout}{run.stderr}")
    (test,) = json.loads(report.read_text(encoding="utf-8"))["tests"]
    if test["schedules"] != schedules:
        raise SystemExit(f"{command} ran {test['schedules']} schedules, not {schedules}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="One test in one process, and in shards over several.")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each kind (default: 3)")
    parser.add_argument("--schedules", type=int, default=2000, help="of the test (default: 2000)")
    parser.add_argument("--additions", type=int, default=200, help="of each of its threads (default: 200)")
    parser.add_argument("--threads", type=int, default=3, help="that it starts (default: 3)")
    parser.add_argument("--shards", type=int, default=4, help="items that it is split over (default: 4)")
    parser.add_argument("--processes", type=int, default=2, help="workers of pytest-xdist (default: 2)")
    arguments = parser.parse_args()
    split = ("-p", "xdist", "-n", str(arguments.processes), f"--interleave-shards={arguments.shards}")
    alone: list[float] = []
    in_shards: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        test = TEST.format(schedules=arguments.schedules, additions=arguments.additions, threads=arguments.threads)
        (folder / "test_adding.py").write_text(test, encoding="utf-8")
        for pair in range(arguments.pairs):
            for kind in ((alone, ()), (in_shards, split))[:: -1 if pair % 2 else 1]:
                kind[0].append(seconds_of_a_run(folder, arguments.schedules, *kind[1]))
    ratios = [mine / other for mine, other in zip(in_shards, alone, strict=True)]
    print(f"| one process | {arguments.shards} shards on {arguments.processes} processes | ratio (lowest to highest) |")
    print("|---|---|---|")
    print(
        f"| {statistics.median(alone):.1f} s | {statistics.median(in_shards):.1f} s "
        f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
    )


if __name__ == "__main__":
    main()
