"""What the installed plugin costs a run without a marked test: 500 trivial tests with it and without it.

    python benchmarks/overhead.py

The runs come in pairs, one with the plugin and one with `-p no:interleave`, in turns which of them is first;
the figures are the median seconds of a whole pytest process, and the median of the pairs' differences.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = 500


def seconds_of_a_run(folder: Path, *options: str) -> float:
    """Of a pytest process, from its start to its end."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    start = time.perf_counter()
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if f"{TESTS} passed" not in run.stdout:
        raise SystemExit(f"{command} failed:\n{run.stdout}{run.stderr}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of the plugin where no test is marked.")
    parser.add_argument("--pairs", type=int, default=15, help="runs with it and without it (default: 15)")
    arguments = parser.parse_args()
    with_plugin: list[float] = []
    without: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        tests = "".join(f"def test_{number}():\n    assert {number} >= 0\n\n\n" for number in range(TESTS))
        (folder / "test_trivial.py").write_text(tests, encoding="utf-8")
        seconds_of_a_run(folder)
        for pair in range(arguments.pairs):
            if pair % 2:
                without.append(seconds_of_a_run(folder, "-p", "no:interleave"))
                with_plugin.append(seconds_of_a_run(folder))
            else:
                with_plugin.append(seconds_of_a_run(folder))
                without.append(seconds_of_a_run(folder, "-p", "no:interleave"))
    differences = [mine - other for mine, other in zip(with_plugin, without, strict=True)]
    spread = statistics.quantiles(differences, n=4)
    print("| without the plugin | with it | difference of a pair (quartiles) |")
    print("|---|---|---|")
    print(
        f"| {statistics.median(without):.3f} s | {statistics.median(with_plugin):.3f} s "
        f"| {statistics.median(differences) * 1000:+.0f} ms "
        f"({spread[0] * 1000:+.0f} to {spread[2] * 1000:+.0f}) |"
    )


if __name__ == "__main__":
    main()
