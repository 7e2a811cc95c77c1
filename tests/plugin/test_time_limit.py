"""A finding is reported in the test's time: what does not fit is left out, and the report says so."""

from __future__ import annotations

import re

import pytest

RACE = """
@pytest.mark.concurrency(seconds=7, strategy="random")
def test_it(counter, run_concurrent):
    def work():
        for _ in range(3):
            counter.increment()
    run_concurrent(work)
    assert counter.value == 6
"""
NO_TIME = """
from pytest_interleave.plugin.running.executions import _time_limit

_time_limit.AFTER_THE_SEARCH = -1000.0
"""
ONLY_FOR_ANOTHER_RUN = """
from pytest_interleave.plugin.running.explanations import _explaining

_explaining._RUNS_BY_SWITCHES = _explaining._RUNS_TO_SHRINK = 1e9
"""


def test_without_time_the_schedule_is_reported_as_it_was_found(run, pytester, report):
    pytester.makeconftest(NO_TIME)
    done = run(RACE, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    text = " ".join(done.text.split())
    assert (
        "Skipped to keep the time limit (seconds=7): a second run of the schedule, shrinking, the story. "
        "The token may not replay." in text
    )
    assert "Run this schedule again:" in done.text
    (test,) = report()["tests"]
    assert (test["finding"]["repeatable"], test["finding"]["preemptions"]) == (False, None)
    run(None, *done.command[1:]).result.assert_outcomes(failed=1)


def test_what_there_is_no_time_to_shrink_is_confirmed(run, pytester, report):
    pytester.makeconftest(ONLY_FOR_ANOTHER_RUN)
    done = run(RACE, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    assert "\nSkipped to keep the time limit (seconds=7): shrinking.\n" in done.text
    (test,) = report()["tests"]
    assert test["finding"]["repeatable"]
    assert test["finding"]["shrunk_from"] is None
    assert test["finding"]["story"]
    # There is no other execution to record the values in.
    assert re.search(r"^  2\. worker-\d writes \d -> \d ", done.text, re.MULTILINE)


def test_with_time_nothing_is_said_of_it(run):
    assert "lack of time" not in run(RACE).text


def test_what_is_not_run_twice_is_not_exhaustive(run, pytester, report):
    source = """
@pytest.mark.concurrency
def test_it(run_concurrent):
    run_concurrent(lambda: None)
"""
    run(source, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    assert report()["tests"][0]["exhaustive"]
    pytester.makeconftest(NO_TIME)
    run(source, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    assert not report()["tests"][0]["exhaustive"]


@pytest.mark.parametrize("strategy", ["auto", "exhaustive"])
def test_a_search_that_there_is_no_time_for_is_not_exhaustive(run, report, strategy):
    source = """
@pytest.mark.concurrency(seconds=1e-9, strategy="STRATEGY")
def test_it(run_concurrent):
    lock = threading.Lock()
    def work():
        with lock:
            pass
    run_concurrent(work, workers=3)
""".replace("STRATEGY", strategy)
    run(source, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    (test,) = report()["tests"]
    assert (test["schedules"], test["exhaustive"]) == (1, False)
