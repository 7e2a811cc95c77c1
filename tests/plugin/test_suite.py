"""`--interleave-suite`: every test in several workers, and what is said of those that are not."""

from __future__ import annotations

import pytest

from tests.thorough import thorough

SUITE = """
import contextlib
import os
import warnings
from unittest import mock

known = {}
lock = threading.Lock()

def intern(name):
    with lock:
        if name not in known:
            known[name] = object()
        return known[name]

class Totals:
    total = 0

def add(number):
    Totals.total = 0
    Totals.total = Totals.total + number
    return Totals.total

def test_safe():
    assert intern("name") is intern("name")

def test_race():
    assert add(1) == 1

@pytest.fixture
def once():
    return []

def test_twice(once):
    once.append(1)
    assert len(once) == 1

def test_broken():
    assert Totals.__name__ == "Total"

def test_own():
    assert abs(-1) == 1

@pytest.mark.parametrize("size", [1, 2])
def test_long(counter, size):
    for _ in range(10_000 * size):
        counter.value = size

class TestCase(unittest.TestCase):
    def test_case(self):
        self.assertIs(intern("case"), intern("case"))

    def test_warns(self):
        with self.assertWarns(UserWarning):
            warnings.warn("careful")

@pytest.mark.thread_unsafe(reason="there is one clock")
def test_unsafe_reason():
    assert threading.current_thread() is threading.main_thread()

@pytest.mark.thread_unsafe
class TestUnsafe:
    def test_it(self):
        pass

def test_output(capsys):
    print("x")
    assert capsys.readouterr().out == "x\\n"

def test_catches():
    with warnings.catch_warnings():
        pass

def test_pytest_warns():
    with pytest.warns(UserWarning):
        warnings.warn("careful")

@mock.patch("os.getcwd")
def test_patched(getcwd):
    pass

def test_patches():
    with mock.patch.object(os, "getcwd"):
        pass

def test_nested():
    def inner():
        with contextlib.redirect_stdout(None):
            pass
    inner()

async def test_async():
    pass

def test_stress(run_stress):
    run_stress(int, threads=2, operations=1).assert_no_errors()

@pytest.mark.skip(reason="not here")
def test_skipped(capsys):
    pass

@pytest.mark.concurrency(schedules=20)
def test_marked(counter, run_concurrent):
    run_concurrent(counter.increment)

@pytest.mark.thread_safety(workers=2, schedules=20)
def test_marked_safe():
    intern("marked")
"""


def test_what_ran_and_what_did_not(run, report, pytester):
    pytester.makefile(".txt", test_doc=">>> 1 + 1\n2\n")
    done = run(SUITE, "--interleave-suite=3", "--doctest-glob=*.txt", "--interleave-json=report.json")
    done.result.assert_outcomes(passed=5, failed=3, skipped=15)
    done.result.stdout.fnmatch_lines(["interleave: 10 tests, each in 3 workers, seed 1"])
    section = done.text.partition("suite with 3 workers per test: ")[2].splitlines()
    assert section[0] == "6 run, 3 failed, 14 skipped"
    assert "  1 race: fails only when workers interleave" in section
    assert "  1 shared-state failure: fails when run twice in a row" in section
    assert "  1 ordinary failure: fails with one worker" in section
    assert "  1 passed without sharing data (says nothing about thread safety)" in section
    assert "  2 skipped: too long to be explored" in section
    (long,) = done.lines("SKIPPED test_it.py::test_long[1]  ")
    assert long.startswith("SKIPPED test_it.py::test_long[1]  more than 20,000 steps (1 schedule, ")
    assert "    test_it.py::test_long[2]" in section
    suite = report()["suite"]
    assert suite["workers"] == 3
    assert suite["ran"] == 6
    assert suite["failed"] == {"workers interleaved": 1, "workers one after another": 1, "one worker": 1}
    reasons = {left["nodeid"].partition("::")[2]: left["reason"] for left in suite["left_out"]}
    assert reasons == {
        "test_long[1]": "too long to be explored",
        "test_long[2]": "too long to be explored",
        "TestCase::test_warns": "uses self.assertWarns, which affects the whole process",
        "test_unsafe_reason": "thread_unsafe: there is one clock",
        "TestUnsafe::test_it": "thread_unsafe",
        "test_output": "uses capsys, which captures one shared stdout",
        "test_catches": "uses warnings.catch_warnings, which affects the whole process",
        "test_pytest_warns": "uses pytest.warns, which affects the whole process",
        "test_patched": "uses unittest.mock.patch, which affects the whole process",
        "test_patches": "uses unittest.mock.patch, which affects the whole process",
        "test_nested": "uses contextlib.redirect_stdout, which affects the whole process",
        "test_async": "asyncio",
        "test_stress": "uses run_stress, which needs an unmarked test",
        "test_doc.txt": "not a Python function",
    }
    markers = {row["nodeid"].partition("::")[2]: row["marker"] for row in report()["tests"]}
    assert markers["test_race"] == markers["test_marked_safe"] == "thread_safety"
    assert markers["test_marked"] == "concurrency"


def test_the_command_repeats_what_the_suite_has_found(run):
    done = run(SUITE, "--interleave-suite=3", "-k", "race")
    command = done.command
    assert command[2] == "--interleave-suite=3"
    again = run(None, *command[1:])
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])


@thorough
def test_under_xdist_the_suite_is_summed_up_once(run, report):
    done = run(SUITE, "--interleave-suite=3", "-p", "xdist", "-n2", "--interleave-json=report.json", verbose=False)
    done.result.assert_outcomes(passed=5, failed=3, skipped=14)
    assert done.lines("suite with ") == ["suite with 3 workers per test: 6 run, 3 failed, 13 skipped"]
    assert report()["suite"]["ran"] == 6


def test_shards_of_the_suite(run, report):
    chosen = ("-k", "race or own or output")
    done = run(SUITE, "--interleave-suite=3", "--interleave-shards=2", *chosen, "--interleave-json=report.json")
    assert done.lines("suite with ") == ["suite with 3 workers per test: 2 run, 1 failed, 1 skipped"]
    assert report()["suite"]["left_out"][0]["nodeid"] == "test_it.py::test_output"


def test_seconds_and_isolated_for_the_whole_suite(run, pytester):
    pytester.makeini("[pytest]\ninterleave_isolated = once not_there\ninterleave_seconds = 20\n")
    done = run(SUITE, "--interleave-suite", "-k", "test_twice", "--interleave-schedules=3")
    done.result.assert_outcomes(passed=1)
    done.result.stdout.fnmatch_lines(["interleave: 1 test, each in 4 workers, seed 1"])


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ("--interleave-suite=1", "must be >= 2, got 1"),
        (
            "--interleave-suite=tests",
            "'tests' is not a number of workers: write --interleave-suite=4, or give",
        ),
        ("--interleave-seconds=0", "must be > 0, got 0"),
    ],
)
def test_wrong_options(refused, option, error):
    said = refused(option)
    assert said.startswith(option.partition("=")[0])
    assert error in said


def test_without_the_option_nothing_is_different(run):
    done = run(SUITE, "-k", "twice or unsafe or output or catches or own", "-W", "error")
    done.result.assert_outcomes(passed=6)
