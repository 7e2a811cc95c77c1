"""The benchmarks run; their figures are for a quiet machine, and are not judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.thorough import thorough

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(*command: str) -> str:
    result = subprocess.run([sys.executable, *command], cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@thorough
def test_peers_prints_rates_and_ratios() -> None:
    printed = run(
        "peers.py", "--repetitions=1", "--tools", "uncontrolled", "plugin", "--bodies", "counter-2"
    ).splitlines()
    (rates,) = [line for line in printed if line.startswith("| 2 threads, counter |")][:1]
    uncontrolled, plugin = (float(cell.split()[0].replace(",", "")) for cell in rates.split("|")[2:4])
    assert min(uncontrolled, plugin) > 0
    against_peer, _, against_uncontrolled, wanted = (cell.strip() for cell in printed[-1].split("|")[2:6])
    assert (against_peer, wanted) == ("-", "at most 2")
    # The rates above are rounded.
    assert float(against_uncontrolled) == pytest.approx(uncontrolled / plugin, abs=0.01)


def test_peers_says_who_is_left_out() -> None:
    printed = run("-S", "peers.py", "--repetitions=1", "--tools", "uncontrolled", "frontrun", "--bodies", "counter-2")
    assert "frontrun 0.7.0 is left out: it is not installed (pip install 'frontrun==0.7.0')" in printed
    assert "| body | uncontrolled |" in printed


@thorough
def test_memory_of_many_schedules_is_that_of_few() -> None:
    pytest.importorskip("resource")
    printed = run("memory.py")
    assert "| 20 MB |" in printed


@thorough
def test_overhead_prints_processor_time_with_and_without_the_plugin() -> None:
    pytest.importorskip("resource")
    printed = run("overhead.py", "--pairs=1", "--collected=50").splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in printed if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == [
        "500 tests, bytecode written",
        "500 tests, no bytecode written",
        "50 tests, collected only",
    ]
    for _, without, with_plugin, difference, _ in rows:
        base, mine, more = (float(cell.split()[0]) for cell in (without, with_plugin, difference))
        assert min(base, mine) > 0
        # The times are rounded.
        assert more == pytest.approx((mine - base) * 1000, abs=2)


@thorough
def test_many_tests_prints_what_a_marked_test_takes_more() -> None:
    pytest.importorskip("resource")
    printed = run("many_tests.py", "--tests=20", "--rounds=1").splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in printed[2:]]
    assert [row[0] for row in rows] == ["unmarked", "marked, no thread", "marked, two threads"]
    base = float(rows[0][1].split()[0])
    for _, seconds, peak, time_of_a_test, memory_of_a_test in rows[1:]:
        assert float(peak.split()[0]) > 0
        assert memory_of_a_test.endswith(" KB")
        # The times are rounded.
        assert float(time_of_a_test.split()[0]) == pytest.approx((float(seconds.split()[0]) - base) / 20 * 1000, abs=6)


@thorough
def test_stress_prints_ratios_and_memory() -> None:
    printed = run("stress.py", "--rounds=1", "--operations=200").splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in printed if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == ["2", "10", "100"]
    for _, hand, plain, stress, to_hand, to_plain in rows:
        for other, ratio in ((hand, to_hand), (plain, to_plain)):
            # The times are rounded.
            assert float(ratio) == pytest.approx(float(stress.split()[0]) / float(other.split()[0]), rel=0.05)
    assert printed[-1].startswith("100 threads × 1,000 operations: ")


@thorough
def test_shards_prints_both_times_and_their_ratio() -> None:
    printed = run("shards.py", "--pairs=1", "--schedules=40", "--additions=2").splitlines()
    assert printed[0].startswith("| one process | 4 shards on 2 processes | ")
    alone, in_shards, ratio = (float(cell.split()[0]) for cell in printed[-1].strip("| ").split("|"))
    assert min(alone, in_shards) > 0
    # The times above are rounded.
    assert ratio == pytest.approx(in_shards / alone, rel=0.25)


def test_threads_prints_one_schedule_and_the_whole_test() -> None:
    printed = run("threads.py", "--threads=5", "--seconds=60", "--bodies", "lock", "sleepers").splitlines()
    assert printed[0] == "| threads | body | one schedule | whole test | schedules |"
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in printed[2:]]
    assert [row[:2] for row in rows] == [["5", "lock"], ["5", "sleepers"]]
    assert all(float(one.removesuffix(" s")) > 0 for _, _, one, _, _ in rows)
    assert all(int(schedules) > 1 for *_, schedules in rows)
