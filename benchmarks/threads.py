"""Many threads in one test: how long one schedule takes, and the whole test with the default limits.

    python benchmarks/threads.py

Three bodies: all threads take one lock; all sleep; a pool with as many threads does ten jobs for each. The figures are
seconds of the test, as the JSON report has them, and the number of schedules of the whole test. Exits with 1 if a test
took over 2 seconds more than its limit and one schedule.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

#: What a test may take beyond its limit.
ALLOWED_SECONDS = 2.0

TEST = """
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.concurrency({limits})


def test_imports(run_concurrent):
    # The first test of a run imports what all of them need.
    run_concurrent(lambda: None, workers=2)


def test_lock(run_concurrent):
    done, lock = [0], threading.Lock()

    def work():
        with lock:
            done[0] += 1

    run_concurrent(work, workers={threads})
    assert done[0] == {threads}


def test_sleepers(run_concurrent):
    run_concurrent.each(time.sleep, [0.01 * (1 + number % 7) for number in range({threads})])


def test_pool():
    done, lock = [0], threading.Lock()

    def work(_):
        with lock:
            done[0] += 1

    with ThreadPoolExecutor({threads}) as pool:
        list(pool.map(work, range(10 * {threads})))
    assert done[0] == 10 * {threads}
"""


class Figures(NamedTuple):
    """Of one test."""

    seconds: float
    schedules: int


def figures_of(threads: int, limits: str, bodies: list[str]) -> dict[str, Figures]:
    """By body, from a pytest process in which the test has these limits."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "test_many.py").write_text(TEST.format(threads=threads, limits=limits), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_interleave.plugin"]
        command += ["--interleave-seed=1", "--interleave-json=report.json", "-k", " or ".join(["imports", *bodies])]
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(f"{command} failed:\n{run.stdout}{run.stderr}")
        tests = json.loads((folder / "report.json").read_text(encoding="utf-8"))["tests"]
    return {test["nodeid"].rpartition("::test_")[2]: Figures(test["seconds"], test["schedules"]) for test in tests}


def main() -> int:
    parser = argparse.ArgumentParser(description="Tests with very many threads.")
    parser.add_argument("--threads", type=int, nargs="+", default=[50, 100, 200, 500, 1000], help="numbers of threads")
    parser.add_argument("--bodies", nargs="+", default=["lock", "sleepers", "pool"], help="which of the bodies")
    parser.add_argument("--seconds", type=float, default=5.0, help="limit of the whole test (default: 5)")
    arguments = parser.parse_args()
    in_time = True
    print("| threads | body | one schedule | whole test | schedules |")
    print("|---|---|---|---|---|")
    for threads in arguments.threads:
        one = figures_of(threads, "schedules=1", arguments.bodies)
        whole = figures_of(threads, f"seconds={arguments.seconds}", arguments.bodies)
        for body in arguments.bodies:
            seconds, (took, schedules) = one[body].seconds, whole[body]
            in_time = in_time and took <= arguments.seconds + ALLOWED_SECONDS + seconds
            print(f"| {threads:,} | {body} | {seconds:.3f} s | {took:.1f} s | {schedules} |", flush=True)
    return 0 if in_time else 1


if __name__ == "__main__":
    sys.exit(main())
