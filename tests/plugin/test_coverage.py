"""What the summary and the report say of how much was run."""

from __future__ import annotations

import pytest

LOCKED = """
@pytest.mark.concurrency({arguments})
def test_it(run_concurrent):
    lock = threading.Lock()
    counter = Counter()

    def work():
        with lock:
            counter.value += 1

    run_concurrent(work, workers={workers})
    assert counter.value == {workers}
"""

LOOPS = """
@pytest.mark.concurrency({arguments})
def test_it(counter, run_concurrent):
    def work():
        for _ in range(6):
            counter.increment()

    run_concurrent(work)
"""


def summary_of(done):
    (line,) = done.lines("test_it.py::test_it: ")
    return line


def test_a_small_test_is_exhausted(run, report):
    done = run(LOCKED.format(arguments="strategy='exhaustive'", workers=2), "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1)
    assert summary_of(done).endswith(" s; exhausted: all 2 classes")
    assert "2 schedules, 2 distinct" in summary_of(done)
    (row,) = report()["tests"]
    assert row["exhausted"] is True
    assert row["coverage"]["status"] == "exhausted"


def test_auto_exhausts_it_and_checks_that(run):
    done = run(LOCKED.format(arguments="", workers=3))
    assert summary_of(done).endswith(" s; exhausted: all 6 classes")
    assert "26 schedules, 6 distinct" in summary_of(done)


def test_what_is_too_large_is_bounded(run, report):
    done = run(LOOPS.format(arguments="strategy='exhaustive', seconds=None"), "--interleave-json=report.json")
    assert summary_of(done).endswith("; all schedules with at most 1 preemption")
    (row,) = report()["tests"]
    assert row["exhausted"] is False
    assert (row["coverage"]["status"], row["coverage"]["preemptions"]) == ("bounded", 1)


@pytest.mark.parametrize("strategy", ["auto", "random", "surw"])
def test_what_is_sampled_says_how_much_is_left(run, report, strategy):
    done = run(LOOPS.format(arguments=f"strategy={strategy!r}, seconds=None"), "--interleave-json=report.json")
    line = summary_of(done)
    assert line.split(" s; ")[1].startswith("sampled: ")
    assert line.endswith(" classes or more")
    (row,) = report()["tests"]
    coverage = row["coverage"]
    assert coverage["status"] == "sampled"
    assert 0 < coverage["chance_of_new"] <= 1
    assert coverage["estimated_classes"] > coverage["classes"] == row["distinct"]


def test_equivalent_schedules_are_counted_once(run):
    done = run(LOCKED.format(arguments="strategy='random'", workers=2))
    assert "200 schedules, 2 distinct" in summary_of(done)
    assert summary_of(done).endswith("sampled: 0 % chance that one more shows something new, about 2 classes")


def test_timeouts_are_told(run):
    done = run(
        """
@pytest.mark.concurrency(strategy="exhaustive")
def test_it(counter, run_concurrent):
    def work():
        time.sleep(1)
        counter.increment()

    run_concurrent(work)
"""
    )
    assert summary_of(done).endswith("exhausted: all 4 classes, where no timeout comes early")


def test_what_is_not_controlled_is_never_called_exhausted(run):
    done = run(
        """
import socket

@pytest.mark.concurrency(schedules=3)
def test_it(counter, run_concurrent):
    ours, theirs = socket.socketpair()

    def receive():
        theirs.recv(1)

    def send():
        time.sleep(0.01)
        ours.send(b"x")

    run_concurrent.together(receive, send)
    ours.close()
    theirs.close()
""",
        "-Wignore",
    )
    done.result.assert_outcomes(passed=1)
    assert "exhausted" not in summary_of(done)


def test_what_a_cache_in_c_hides_is_not_called_exhausted(run):
    done = run(
        """
import functools

@pytest.mark.concurrency
def test_it(run_concurrent):
    calls = []

    @functools.lru_cache
    def load(key):
        calls.append(key)
        return key

    run_concurrent(load, 1)
    assert calls
"""
    )
    done.result.assert_outcomes(passed=1)
    assert "exhausted" not in summary_of(done)


def test_daemons_that_go_on_are_no_reason_to_claim_anything(run):
    done = run(
        """
@pytest.mark.concurrency(schedules=20, strategy="exhaustive")
def test_it(counter, run_concurrent):
    def tick():
        while True:
            counter.increment()
            time.sleep(1)

    threading.Thread(target=tick, daemon=True).start()
    run_concurrent(counter.increment)
"""
    )
    done.result.assert_outcomes(passed=1)
    assert "exhausted" not in summary_of(done)
    assert "at most" not in summary_of(done)
