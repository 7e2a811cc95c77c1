"""What the installed plugin costs a run without a marked test, in processor time.

    python benchmarks/overhead.py

500 trivial tests with the plugin and with `-p no:interleave`, once with bytecode written and once without; and the
collection of 20,000 tests. The runs come in pairs, in turns which of them is first. The figures are the median of
the processor time (user and system) of a whole pytest process, and the median of the pairs' differences.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = 500
COLLECTED = 20_000


def seconds_of_a_run(folder: Path, written: Path | None, expected: str, *options: str) -> float:
    """The processor time of a pytest process; bytecode is kept in `written`, or nowhere."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "" if written else "1", "PYTHONPYCACHEPREFIX": ""}
    if written is not None:
        environment["PYTHONPYCACHEPREFIX"] = str(written)
    before = _of_children()
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    seconds = _of_children() - before
    if expected not in run.stdout:
        raise SystemExit(f"{command} failed:\n{run.stdout}{run.stderr}")
    return seconds


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def row(what: str, pairs: int, folder: Path, written: Path | None, expected: str, *options: str) -> str:
    """A row of the table: this many pairs of runs."""
    with_plugin: list[float] = []
    without: list[float] = []
    ways = ((with_plugin, options), (without, (*options, "-p", "no:interleave")))
    for _, given in ways:
        seconds_of_a_run(folder, written, expected, *given)
    for pair in range(pairs):
        for figures, given in ways if pair % 2 else ways[::-1]:
            figures.append(seconds_of_a_run(folder, written, expected, *given))
    differences = [mine - other for mine, other in zip(with_plugin, without, strict=True)]
    base, median = statistics.median(without), statistics.median(differences)
    mine = statistics.median(with_plugin)
    return f"| {what} | {base:.3f} s | {mine:.3f} s | {median * 1000:+.0f} ms | {median / base:+.1%} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of the plugin where no test is marked.")
    parser.add_argument("--pairs", type=int, default=15, help="runs with it and without it (default: 15)")
    parser.add_argument("--collected", type=int, default=COLLECTED, help=f"tests to collect (default: {COLLECTED})")
    arguments = parser.parse_args()
    pairs, collected = arguments.pairs, arguments.collected
    with tempfile.TemporaryDirectory() as directory:
        idle, many, written = (Path(directory, name) for name in ("idle", "many", "written"))
        for folder in (idle, many):
            folder.mkdir()
            (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        tests = "".join(f"def test_{number}():\n    assert {number} >= 0\n\n\n" for number in range(TESTS))
        (idle / "test_trivial.py").write_text(tests, encoding="utf-8")
        parametrized = (
            f'import pytest\n\n\n@pytest.mark.parametrize("n", range({collected}))\ndef test_n(n):\n    pass\n'
        )
        (many / "test_many.py").write_text(parametrized, encoding="utf-8")
        print("| | without the plugin | with it | difference | of that |")
        print("|---|---|---|---|---|")
        passed, found = f"{TESTS} passed", f"test_many.py: {collected}"
        print(row(f"{TESTS} tests, bytecode written", pairs, idle, written, passed))
        print(row(f"{TESTS} tests, no bytecode written", pairs, idle, None, passed))
        print(row(f"{collected:,} tests, collected only", pairs, many, written, found, "--collect-only", "-q"))


if __name__ == "__main__":
    main()
