"""The first schedule is run twice: a test that then takes other steps is reported as nondeterministic."""

from __future__ import annotations

import itertools
import sys

import pytest

from tests.thorough import thorough

from .sources import fragile

MARK = "pytestmark = pytest.mark.concurrency(seconds=None, schedules=30)\n"
NOT = "*InterleaveWarning: *the test is nondeterministic: the same schedule ran differently the second time."

DIFFERS = """
runs = []

def test_it(counter, run_concurrent):
    runs.append(1)
    for _ in range(len(runs)):
        counter.value = 0
    run_concurrent(counter.increment)
"""


def test_a_test_that_differs_each_time_is_reported(run, report):
    done = run(MARK + DIFFERS, "--interleave-json=report.json", verbose=False)
    done.result.assert_outcomes(passed=1, warnings=1)
    done.result.stdout.fnmatch_lines([NOT])
    assert "First difference at step " in done.text
    assert "at test_it.py:2" in done.text
    # It is reported although nothing was found.
    done.result.stdout.fnmatch_lines(["PASSED test_it.py::test_it  sampled: * (30 schedules, * s, nondeterministic)"])
    (row,) = report()["tests"]
    assert (row["repeatable"], row["finding"]) == (False, None)


@thorough
def test_its_findings_may_not_replay(run, report):
    done = run(MARK + DIFFERS + "    assert counter.value == 2\n", "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1, warnings=1)
    (row,) = report()["tests"]
    assert (row["repeatable"], row["finding"]["repeatable"]) == (False, False)
    said = done.text.partition("interleaving ---")[2].partition("\nFound in schedule")[0]
    assert "May not replay: " in said or "Could not reproduce" in said
    assert "step " in said
    # Nothing breaks when the token is used.
    again = run(None, *done.command[1:])
    assert "INTERNALERROR" not in again.text


@pytest.mark.parametrize(
    "body",
    [
        """
import functools

@functools.cache
def made():
    one = Counter()
    one.increment()
    one.increment()
    return one

def test_it(counter, run_concurrent):
    run_concurrent(lambda: made().value)
""",
        """
class Lazy:
    @property
    def value(self):
        global value
        try:
            return value
        except NameError:
            value = 1
            return value

def test_it(counter, run_concurrent):
    counter.value = Lazy().value
    run_concurrent(counter.increment)
""",
        """
import sys

def test_it(counter, run_concurrent):
    def work():
        import lazily
        lazily.count(counter)
    run_concurrent(work)
""",
    ],
    ids=["functools.cache", "lazy value", "import"],
)
def test_what_only_the_first_execution_does_is_no_difference(run, report, pytester, body):
    pytester.makepyfile(lazily="made = [0]\nfor n in range(3):\n    made[0] += n\n\ndef count(c):\n    c.increment()\n")
    done = run(MARK + body, "--interleave-json=report.json", "-W", "error")
    done.result.assert_outcomes(passed=1)
    assert report()["tests"][0]["repeatable"]
    assert "nondeterministic" not in done.text


def test_the_order_of_a_set_of_strings_is_the_same_in_one_process(run, report):
    body = """
def test_it(counter, run_concurrent):
    def work():
        for name in {"a", "b", "c", "d", "e", "f"}:
            setattr(counter, name, 1)
    run_concurrent(work)
"""
    run(MARK + body, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    assert report()["tests"][0]["repeatable"]


def test_an_order_that_changes_each_time(run, report, monkeypatch):
    body = """
salt = []

def test_it(counter, run_concurrent):
    salt.append(1)
    names = sorted("abcdef", key=lambda name: hash((name, len(salt))))
    def work():
        for name in names:
            if name < "d":
                counter.value = 1
            else:
                counter.other = 2
    run_concurrent(work)
"""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    fixed = run(MARK + body, "--interleave-json=report.json")
    fixed.result.assert_outcomes(passed=1, warnings=1)
    assert not report()["tests"][0]["repeatable"]
    # It cannot be the reason.
    assert "PYTHONHASHSEED" not in fixed.text
    monkeypatch.setenv("PYTHONHASHSEED", "random")
    done = run(MARK + DIFFERS)
    # Nor can it be within one process.
    assert "PYTHONHASHSEED" not in done.text
    assert (
        "Look for state that survives the test (module globals, caches), real time, random values, set order"
        in done.text
    )


def test_a_warning_that_is_an_error_fails_the_test(run):
    done = run(MARK + DIFFERS, "-W", "error")
    done.result.assert_outcomes(failed=1)
    assert "the test is nondeterministic" in done.text
    assert "_runner.py" not in done.text


WAITS_REALLY = """
import itertools
import select

runs = itertools.count()

def test_it(counter, run_concurrent):
    began = time.monotonic()
    select.select([], [], [], 0.05 * (next(runs) % 2))
    late = time.monotonic() - began > 0.04

    def work():
        counter.value = 1
        if late:
            counter.other = 2

    run_concurrent(work)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, real waits are not measured")
def test_where_real_time_decides_it_is_no_warning(run, report):
    done = run(MARK + WAITS_REALLY, "-W", "error", "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1)
    (row,) = report()["tests"]
    assert not row["repeatable"]
    assert "nondeterministic" in done.text


SOMETIMES_DIFFERS = """
runs = []

def test_it(counter, run_concurrent):
    runs.append(1)
    if len(runs) in TIMES:
        counter.value = 0
    run_concurrent(counter.increment)
"""


@pytest.mark.parametrize(
    ("times", "repeatable"),
    [("(1,)", True), ("(2,)", True), ("(2, 3)", True), ("(2, 4, 6)", False), ("(1, 3, 5)", False)],
)
def test_what_only_one_execution_does_is_no_difference(run, report, times, repeatable):
    """As when the machine was busy for a moment; taking turns is one."""
    done = run(MARK.replace("30", "6") + SOMETIMES_DIFFERS.replace("TIMES", times), "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1, warnings=0 if repeatable else 1)
    assert report()["tests"][0]["repeatable"] is repeatable


WAITS_FOR_A_PROCESS = """
import subprocess
import sys
runs = []

def test_it(counter, run_concurrent):
    run_concurrent(counter.increment)
    runs.append(1)
    process = subprocess.Popen([sys.executable, "-c", ""])
    for _ in range(len(runs)):
        # As in a loop that looks every few milliseconds whether the process has ended.
        counter.value = 0
    process.wait(timeout=60)
"""


def test_the_real_time_of_a_process_is_no_warning(run, report):
    """The number of checks until it ends depends on the operating system. A correct test must pass anyway."""
    body = MARK.replace("30", "3") + WAITS_FOR_A_PROCESS
    done = run(body, "--interleave-json=report.json", "-W", "error", verbose=False)
    done.result.assert_outcomes(passed=1)
    (line,) = done.lines("PASSED test_it.py::test_it  ")
    assert "  sampled: " in line
    assert line.endswith(", nondeterministic)")
    assert "nondeterministic steps (first difference at " in line
    (row,) = report()["tests"]
    assert (row["repeatable"], row["finding"]) == (False, None)


FINDS_AND_GOES_ON = """
def test_it(fragile, counter, run_concurrent):
    print("execution", len(times_fragile))
    run_concurrent(counter.increment)
    assert counter.value == 2

def test_after(counter, run_concurrent):
    run_concurrent.together(int, str)
    assert len(times_fragile) >= TIME
"""


def with_fragile(time, does, ends):
    return MARK + fragile(time=time, does=does, ends=ends) + FINDS_AND_GOES_ON.replace("TIME", str(time))


def test_a_fixture_that_fails_costs_no_finding(run, report, write):
    """The 4th time is that of the repetition: there are one of the first schedule, one to check it, and the finding."""
    raises = ["raise OSError('gone')", "pytest.fail('gone')", "pytest.skip('gone')", "exit(3)"]
    cases = list(itertools.product((4, 5), raises, (True, False)))
    write(*(with_fragile(*case) for case in cases))
    done = run(None, "--interleave-json=report.json", "-p", "no:cacheprovider")
    outcomes = done.result.parseoutcomes()
    assert outcomes.get("failed") == outcomes.get("passed") == len(cases) == 16, done.text
    assert "INTERNALERROR" not in done.text
    rows = [row for row in report()["tests"] if row["nodeid"].endswith("::test_it")]
    assert [row["finding"]["kind"] for row in rows] == ["test failure"] * 16
    for row in rows:
        command = f"pytest '{row['nodeid']}' --interleave-replay={row['finding']['token']}"
        assert done.lines("pytest '").count(command) == 1
    assert len(done.lines("E       assert 1 == 2")) == 16


def test_a_fixture_that_fails_in_the_execution_that_checks(run, report, write):
    write(with_fragile(2, "raise OSError('gone')", False), with_fragile(2, "pytest.skip('skipped')", False))
    done = run(None, "--interleave-json=report.json", "-p", "no:cacheprovider", "-rs")
    done.result.assert_outcomes(passed=2, failed=1, skipped=1)
    assert "gone" in done.text
    assert "skipped" in done.text.replace("1 skipped", "").replace("SKIPPED", "")
    assert [row["finding"] for row in report()["tests"] if row["nodeid"].endswith("::test_it")] == [None, None]
