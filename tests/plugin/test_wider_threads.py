"""Threads that fixtures of wider scopes start: under control while a test runs, as they were before in between."""

from __future__ import annotations

import json

import pytest

from .sources import IDLE

HEARTBEAT = """
class Heart:
    def __init__(self):
        self.beats, self.stop = [], threading.Event()
        self.thread = threading.Thread(target=self.run, name="heartbeat")

    def run(self):
        AT_FIRST
        while not self.stop.wait(0.05):
            self.beats.append(1)

@pytest.fixture(scope="module")
def heart():
    heart = Heart()
    heart.thread.start()
    yield heart
    heart.stop.set()
    heart.thread.join(20)
    assert not heart.thread.is_alive()
"""


def heartbeat(at_first: str = "pass") -> str:
    return HEARTBEAT.replace("AT_FIRST", at_first)


def test_a_thread_continues_after_an_execution_that_ended_another_one(run):
    done = run(
        heartbeat()
        + """
@pytest.mark.concurrency(schedules=3)
def test_that_leaves_a_thread(heart):
    threading.Thread(target=threading.Event().wait, daemon=True).start()

def test_it_still_beats(heart):
    before, until = len(heart.beats), time.monotonic() + 20
    while len(heart.beats) < before + 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(heart.beats) >= before + 3

@pytest.mark.concurrency(schedules=3)
def test_it_beats_under_control(heart):
    before = len(heart.beats)
    time.sleep(1000)
    assert len(heart.beats) - before > 15_000
"""
    )
    done.result.assert_outcomes(passed=3)


@pytest.mark.parametrize("at_first", ["sum(range(500_000))", "time.sleep(0.001)"])
def test_a_thread_that_was_just_started_is_waited_for(run, report, at_first):
    source = """
@pytest.mark.concurrency(schedules=3, seconds=None)
def test_it(heart):
    before = len(heart.beats)
    time.sleep(1)
    assert len(heart.beats) - before >= 15
"""
    run(heartbeat(at_first) + source, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    (row,) = report()["tests"]
    assert row["coverage"]["uncontrolled"] == []


def test_a_thread_that_is_woken_while_others_are_checked_is_adopted(run, report):
    source = """
from pytest_interleave.control.threads import _lasting_threads

really_reached = _lasting_threads.reached

def reached(*wanted):
    # There is much to look through.
    time.sleep(0.12)
    return really_reached(*wanted)

_lasting_threads.reached = reached

@pytest.mark.concurrency(schedules=3, seconds=None)
def test_it(heart, idle):
    before = len(heart.beats)
    time.sleep(1)
    assert len(heart.beats) - before >= 15
"""
    run(IDLE + heartbeat() + source, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    (row,) = report()["tests"]
    assert row["coverage"]["uncontrolled"] == []


def test_coverage_counts_what_a_thread_did_before_during_and_after_a_test(run, pytester):
    pytester.makepyfile(
        library="""
import queue

class Worker:
    def __init__(self):
        self.jobs, self.done = queue.Queue(), []

    def run(self):
        while True:
            job = self.jobs.get()
            if job == "before":
                self.done.append(1)
            elif job == "during":
                self.done.append(2)
            elif job == "after":
                self.done.append(3)
            elif job == "never":
                self.done.append(4)
            else:
                return
            self.jobs.task_done()
"""
    )
    source = """
from library import Worker

@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    thread = threading.Thread(target=worker.run)
    thread.start()
    worker.jobs.put("before")
    worker.jobs.join()
    yield worker
    worker.jobs.put("after")
    worker.jobs.join()
    worker.jobs.put(None)
    thread.join()

@pytest.mark.concurrency(schedules=3)
def test_it(worker):
    worker.jobs.put("during")
    worker.jobs.join()
    assert worker.done[-1] == 2
"""
    run(source, "--cov=library", "--cov-report=json:cov.json", plugins=True).result.assert_outcomes(passed=1)
    measured = json.loads((pytester.path / "cov.json").read_text("utf-8"))["files"]["library.py"]
    assert measured["missing_lines"] == [17]


TICKER = """
from concurrent.futures import ThreadPoolExecutor

class Ticker:
    def __init__(self, interval):
        self.interval, self.ticks, self.stopped = interval, 0, False
        self.changed, self.pool = threading.Condition(), ThreadPoolExecutor(2)
        self.again = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped:
            self.again.wait(self.interval)
            self.pool.submit(self.tick)

    def tick(self):
        with self.changed:
            self.ticks += 1
            self.changed.notify_all()

    def wait_for(self, ticks, timeout):
        with self.changed:
            return self.changed.wait_for(lambda: self.ticks >= ticks, timeout)

    def stop(self):
        self.stopped = True
        self.again.set()
        self.thread.join()
        self.pool.shutdown()

@pytest.fixture(scope="module")
def of_the_module():
    ticker = Ticker(0.05)
    yield ticker
    ticker.stop()

@pytest.fixture
def ticker():
    ticker = Ticker(10)
    yield ticker
    ticker.stop()

def test_before(of_the_module):
    assert of_the_module.wait_for(1, 5)

@pytest.mark.concurrency(schedules=5, seconds=None)
def test_it(ticker):
    assert ticker.wait_for(3, 100)
"""


def test_what_a_controlled_thread_wakes_is_controlled_too(run, report):
    run(TICKER, "--interleave-json=report.json").result.assert_outcomes(passed=2)
    (row,) = report()["tests"]
    # At which moment of its wait a thread is found depends on real time, and with it what comes first.
    assert [part for part in row["coverage"]["uncontrolled"] if part["kind"] != "nondeterminism"] == []


ITERATES = """
def test_before(heart):
    pass

@pytest.mark.concurrency
def test_it({0}):
    seen, end = {{}}, threading.Event()

    def write():
        while not end.wait(0.05):
            seen[len(seen)] = 1

    def read():
        for _ in range(5):
            for _ in seen:
                pass
            time.sleep(0.05)

    threads = [threading.Thread(target=write), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    threads[1].join()
    end.set()
    threads[0].join()
"""


@pytest.mark.parametrize(("fixtures", "is_its_own"), [("", False), ("heart", True)])
def test_a_token_with_a_thread_of_another_test_may_not_replay(run, report, fixtures, is_its_own):
    done = run(heartbeat() + ITERATES.format(fixtures), "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1, failed=1)
    (row,) = report()["tests"]
    assert row["finding"]["repeatable"] is is_its_own
    assert ("Thread heartbeat took part in this schedule" in done.text) is not is_its_own
    if is_its_own:
        run(None, *done.command[1:], seed=None).result.assert_outcomes(failed=1)
