"""What a marked test costs beside an unmarked one: time and memory of a run of 5,000 trivial tests.

    python benchmarks/many_tests.py

Each is a pytest process of its own. The time is its processor time (user and system), the memory the most that it
ever held; both are given for each test, as what a marked one takes more than an unmarked one.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from memory import CONFTEST

TESTS = 5_000

TEST = """
import pytest


{marker}@pytest.mark.parametrize("n", range({tests}))
def test_n(n{fixture}):
    {body}
"""
MARKER = "@pytest.mark.concurrency\n"
UNMARKED = "unmarked"
#: Marker, fixture and body by what the table calls them.
KINDS = {
    UNMARKED: ("", "", "assert n >= 0"),
    "marked, no thread": (MARKER, "", "assert n >= 0"),
    "marked, two threads": (MARKER, ", run_concurrent", "run_concurrent(lambda: None)"),
}


class Figures(NamedTuple):
    """Of one run."""

    seconds: float
    peak_mb: float


def run(kind: str, tests: int) -> Figures:
    """A run of this many tests."""
    marker, fixture, body = KINDS[kind]
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        text = TEST.format(marker=marker, tests=tests, fixture=fixture, body=body)
        (folder / "test_n.py").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        before = _of_children()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = _of_children() - before
        if f"{tests} passed" not in done.stdout:
            raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")
        return Figures(seconds, float((folder / "peak").read_text(encoding="utf-8")))


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="What a marked test costs beside an unmarked one.")
    parser.add_argument("--tests", type=int, default=TESTS, help=f"tests in a run (default: {TESTS})")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind, in turns (default: 3)")
    arguments = parser.parse_args()
    tests = arguments.tests
    found: dict[str, list[Figures]] = {kind: [] for kind in KINDS}
    for _ in range(arguments.rounds):
        for kind, figures in found.items():
            figures.append(run(kind, tests))
    median = {
        kind: Figures(*(statistics.median(column) for column in zip(*figures, strict=True)))
        for kind, figures in found.items()
    }
    base = median[UNMARKED]
    print(f"| {tests:,} tests | time | memory | time a test | memory a test |")
    print("|---|---|---|---|---|")
    for kind, (seconds, peak) in median.items():
        more = f"{(seconds - base.seconds) / tests * 1000:+.2f} ms | {(peak - base.peak_mb) / tests * 1024:+.1f} KB"
        print(f"| {kind} | {seconds:.1f} s | {peak:.1f} MB | {more if kind != UNMARKED else ' | '} |")


if __name__ == "__main__":
    main()
