"""Whether memory grows with the number of schedules: the counter under 200 schedules and under 20,000.

    python benchmarks/memory.py

Each is a pytest process of its own, which measures the most memory that it ever held. Exits with 1 where the
long run needs over 20 MB more than the short one.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

FEW, MANY = 200, 20_000
ALLOWED_MB = 20

TEST = """
import pytest


class Counter:
    value = 0


def increment(counter):
    value = counter.value
    counter.value = value + 1


@pytest.fixture
def counter():
    return Counter()


@pytest.mark.concurrency(strategy="random", schedules={schedules}, seconds=None)
def test_counter(counter, run_concurrent):
    run_concurrent(increment, counter, workers=2)
"""

CONFTEST = """
import pathlib
import resource
import sys


def pytest_unconfigure():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    pathlib.Path("peak").write_text(str(peak / (1024 * 1024 if sys.platform == "darwin" else 1024)))
"""


def peak_mb(schedules: int) -> float:
    """The most memory that a pytest run with that many schedules held."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        (folder / "test_counter.py").write_text(TEST.format(schedules=schedules), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode != 0 or f"({schedules:,} schedules, " not in run.stdout:
            raise SystemExit(f"{command} failed:\n{run.stdout}{run.stderr}")
        return float((folder / "peak").read_text(encoding="utf-8"))


def main() -> int:
    few, many = peak_mb(FEW), peak_mb(MANY)
    print(f"| {FEW} schedules | {MANY:,} schedules | difference | allowed |")
    print("|---|---|---|---|")
    print(f"| {few:.1f} MB | {many:.1f} MB | {many - few:+.1f} MB | {ALLOWED_MB} MB |")
    return 0 if many - few <= ALLOWED_MB else 1


if __name__ == "__main__":
    sys.exit(main())
