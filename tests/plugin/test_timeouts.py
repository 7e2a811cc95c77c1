"""`timeouts="explore"`: timeouts expire early and time passes, after a search in which they do not."""

from __future__ import annotations

import re

import pytest

from pytest_interleave.explore import Token
from tests.thorough import thorough

from .conftest import token_in

#: The join gives up while the other thread works.
GIVES_UP = """
@pytest.mark.concurrency({})
def test_it():
    done = []
    def work():
        done.append(1)
        done.append(2)
    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join(timeout=5)
    assert len(done) == 2
"""
#: Who holds the lease is held up until it has run out, and another one takes it.
LEASE = """
class Lease:
    def __init__(self):
        self.lock = threading.Lock()
        self.until = 0.0

    def take(self):
        with self.lock:
            now = time.monotonic()
            if now < self.until:
                return False
            self.until = now + 30
            return True

@pytest.mark.concurrency(timeouts="explore")
def test_it(run_concurrent):
    lease, inside, most = Lease(), [], []
    def work():
        if lease.take():
            inside.append(1)
            most.append(len(inside))
            inside.pop()
    run_concurrent(work)
    assert max(most) == 1
"""


#: Time passes long before the test fails, and much more happens then than is explored.
FAILS_LATE = """
@pytest.mark.concurrency(timeouts="explore", max_steps=100)
def test_it(run_concurrent):
    lock = threading.Lock()
    def work():
        began = time.monotonic()
        with lock:
            took = time.monotonic() - began
        for _ in range(200):
            with lock:
                pass
        assert took < 5, "too late"
    run_concurrent(work)
"""


def test_the_marker_finds_what_is_not_found_without(run, report):
    done = run(GIVES_UP.format('timeouts="explore"'), "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    finding = report()["tests"][0]["finding"]
    assert finding["needs"] == ["timeouts"]
    story = " ".join(finding["story"].split())
    assert "worker was held up for 5 s before its first step; " in story
    assert "meanwhile the timeout of main's join at test_it.py:30 expired." in story
    assert 'This failure needs timeouts="explore": a thread is held up' in " ".join(done.text.split())
    assert "held up for 5 s" in done.text.partition("------")[2]
    run(GIVES_UP.format("")).result.assert_outcomes(passed=1)


@pytest.mark.parametrize("by_ini", [False, True])
def test_the_option_does_too_and_the_marker_wins(run, pytester, by_ini):
    options = ()
    if by_ini:
        pytester.makeini("[pytest]\ninterleave_timeouts = explore\n")
    else:
        options = ("--interleave-timeouts=explore",)
    run(GIVES_UP.format(""), *options).result.assert_outcomes(failed=1)
    run(GIVES_UP.format('timeouts="late"'), *options).result.assert_outcomes(passed=1)


BUSY = """
import sqlite3
from contextlib import closing

@pytest.mark.concurrency({})
def test_it(tmp_path, run_concurrent):
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (n)")

    def insert():
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("INSERT INTO t VALUES (1)")

    run_concurrent(insert)
"""


def test_a_busy_timeout_of_a_database(run, report):
    done = run(BUSY.format('timeouts="explore"'), "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    finding = report()["tests"][0]["finding"]
    assert finding["needs"] == ["timeouts"]
    assert "was held up for 5 s" in " ".join(finding["story"].split())
    assert "Database app.db is locked" in done.text
    done = run(BUSY.format(""), "-v")
    done.result.assert_outcomes(passed=1)
    assert "assuming no sleep or timeout ends early" in done.text


def test_a_finding_past_max_steps_says_when_time_passed(run, report):
    done = run(FAILS_LATE, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    finding = report()["tests"][0]["finding"]
    assert finding["needs"] == ["timeouts"]
    story = " ".join(finding["story"].split())
    assert re.match(r"worker-\d was held up for \d+ .+ at test_it.py:\d+", story), story
    again = run(FAILS_LATE, f"--interleave-replay={finding['token']}")
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["*AssertionError: too late"])


def test_the_token_replays_without_the_option(run):
    done = run(GIVES_UP.format(""), "--interleave-timeouts=explore")
    token = token_in(done.text)
    assert Token.parse(token).time_choices
    again = run(None, f"--interleave-replay={token}")
    again.result.assert_outcomes(failed=1)
    assert "held up for 5 s" in again.text
    assert 'This failure needs timeouts="explore": a thread is held up' in " ".join(again.text.split())


def test_a_failure_is_remembered_and_can_be_pinned(run):
    first = run(GIVES_UP.format('timeouts="explore"'))
    again = run(None)
    again.result.assert_outcomes(failed=1)
    assert "schedule 1 of" in again.text
    token = token_in(first.text)
    pinned = GIVES_UP.format("").replace("@pytest.mark.concurrency()", f'@pytest.mark.interleaving("{token}")')
    run(pinned, "--interleave-forget").result.assert_outcomes(failed=1)


def test_a_lease_runs_out_while_its_holder_is_held_up(run, report):
    for seed in range(3):
        run(LEASE, "--interleave-json=report.json", seed=seed).result.assert_outcomes(failed=1)
        row = report()["tests"][0]
        assert row["found_at"] <= 60
        assert row["finding"]["needs"] == ["timeouts"]
        assert re.search(r"was held up for (60 s|600 s|1 h|400 days) at test_it\.py:", row["finding"]["story"])


def test_what_is_found_without_comes_first_and_needs_nothing(run, report):
    source = LEASE.replace("with self.lock:", "if True:")
    run(source, "--interleave-json=report.json").result.assert_outcomes(failed=1)
    row = report()["tests"][0]
    assert row["finding"]["needs"] == []
    assert row["found_at"] < 20


def test_what_stands_it_passes_and_is_sampled(run, report):
    source = """
@pytest.mark.concurrency(schedules=60)
def test_it(run_concurrent):
    lock, state = threading.Lock(), [0]
    def work():
        while not lock.acquire(timeout=0.5):
            pass
        state[0] += 1
        lock.release()
    run_concurrent(work)
    assert state == [2]
"""
    run(source, "--interleave-timeouts=explore", "--interleave-json=report.json").result.assert_outcomes(passed=1)
    row = report()["tests"][0]
    assert row["schedules"] == 60
    assert row["coverage"]["status"] == "sampled"
    assert row["coverage"]["chance_of_new"] is None
    run(source, "--interleave-json=report.json")
    assert report()["tests"][0]["coverage"]["status"] == "exhaustive"


def test_a_test_that_never_waits_nor_reads_the_time_is_searched_as_usual(run, report):
    source = """
@pytest.mark.concurrency(timeouts="explore")
def test_it(run_concurrent):
    lock, state = threading.Lock(), [0]
    def work():
        with lock:
            state[0] += 1
    run_concurrent(work)
"""
    run(source, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    assert report()["tests"][0]["coverage"]["status"] == "exhaustive"


def test_a_test_without_threads_has_nothing_to_interleave(run, report):
    source = """
@pytest.mark.concurrency(timeouts="explore")
def test_it():
    before = time.monotonic()
    assert time.monotonic() - before < 5
"""
    run(source, "--interleave-json=report.json").result.assert_outcomes(passed=1, warnings=1)
    assert report()["tests"][0]["coverage"]["status"] == "nothing_interleaved"


@pytest.mark.parametrize("strategy", ["random", "exhaustive", "pct"])
def test_with_each_strategy(run, strategy):
    source = GIVES_UP.format(f'timeouts="explore", strategy="{strategy}"')
    run(source).result.assert_outcomes(failed=1)


def test_workers_and_thread_safety(run):
    source = """
LOCK = threading.Lock()

@pytest.mark.thread_safety(workers=2, timeouts="explore")
def test_it(counter):
    got = LOCK.acquire(timeout=1)
    counter.increment()
    if got:
        LOCK.release()
    assert got
"""
    run(source).result.assert_outcomes(failed=1)


@thorough
def test_limits_of_our_own_never_expire_early(run):
    source = """
pytestmark = pytest.mark.concurrency(timeouts="explore", schedules=100)

def test_run_concurrent(counter, run_concurrent):
    def work():
        time.monotonic()
        counter.increment()
    run_concurrent(work, timeout=5)

def test_barrier(barrier, run_concurrent):
    def work():
        time.monotonic()
        barrier.wait()
        time.monotonic()
    run_concurrent(work)

def test_child_process():
    import subprocess, sys
    done = []
    thread = threading.Thread(target=lambda: done.append(1))
    thread.start()
    subprocess.run([sys.executable, "-c", "pass"], timeout=60, check=True)
    thread.join()
    assert done == [1]
"""
    run(source, "--interleave-seconds=3").result.assert_outcomes(passed=3)


def test_sleeps_end_early(run):
    source = """
@pytest.mark.concurrency
def test_it(counter, run_concurrent):
    def work(seconds):
        time.sleep(seconds)
        counter.increment()
    run_concurrent.each(work, [1, 60])
    assert counter.value == 2
"""
    run(source).result.assert_outcomes(passed=1)
    done = run(source, "--interleave-timeouts=explore")
    done.result.assert_outcomes(failed=1)
    assert "was held up for" in done.text


@pytest.mark.parametrize("value", ["'early'", "None", "1", "True", "[]"])
def test_wrong_values(run, value):
    error = run(GIVES_UP.format(f"timeouts={value}")).refused_alone()
    assert error == (f"@concurrency(timeouts={value}): must be 'late' or 'explore'")


def test_wrong_option(refused):
    assert refused("--interleave-timeouts=early") == (
        "--interleave-timeouts (ini: interleave_timeouts): must be late or explore, got 'early'"
    )
