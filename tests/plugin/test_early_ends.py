"""A search ends early only if all was under control; threads that wake each other are not said to be kept apart."""

from __future__ import annotations

import re

import pytest

from .sources import ONE_BY_ONE

LIBRARY = """
import threading


class Poller:
    "Its threads lose an update; the lock is a scheduling point."

    def __init__(self):
        self.count = 0
        self.locks = [threading.Lock(), threading.Lock()]

    def start(self):
        self.threads = [threading.Thread(target=self.poll, args=(lock,)) for lock in self.locks]
        for thread in self.threads:
            thread.start()

    def poll(self, lock):
        count = self.count
        with lock:
            pass
        self.count = count + 1

    def join(self):
        for thread in self.threads:
            thread.join()


class Job:
    "Calls back, and only then writes down that it has."

    def __init__(self, call):
        self.call = call
        self.done = False

    def run(self):
        self.call()
        self.done = True


class Shop:
    count = 0

    def _nothing(self):
        pass

    def info(self):
        count = self.count
        self._nothing()
        self.count = count + 1
"""


@pytest.fixture
def library(pytester):
    """A package that is out of scope, as installed ones are."""
    package = pytester.mkpydir("installed")
    (package / "pyvenv.cfg").touch()
    (package / "library.py").write_text(LIBRARY)


def coverages(report):
    return {row["nodeid"].removeprefix("test_it.py::"): row["coverage"] for row in report()["tests"]}


@pytest.mark.parametrize("strategy", ["exhaustive", "auto"])
def test_sampling_finds_what_a_finished_search_cannot_see(run, library, report, strategy):
    source = """
from installed.library import Poller

@pytest.mark.concurrency(seconds=None)
def test_it():
    poller = Poller()
    poller.start()
    poller.join()
    assert poller.count == 2
"""
    run(source, f"--interleave-strategy={strategy}", "--interleave-json=report.json").result.assert_outcomes(failed=1)
    (row,) = report()["tests"]
    # The search has two schedules, and neither shows it.
    assert row["found_at"] > 2


SETTINGS = """
import locale

@pytest.mark.concurrency(schedules=60, seconds=None)
def test_setting(run_concurrent):
    run_concurrent(lambda: locale.setlocale(locale.LC_NUMERIC, "C"))

@pytest.mark.concurrency(schedules=60, seconds=None)
def test_memory(counter, run_concurrent):
    lock = threading.Lock()
    def work():
        with lock:
            counter.increment()
    run_concurrent(work)

@pytest.mark.concurrency(schedules=60, seconds=None)
def test_while_it_starts():
    set_it, number = locale.setlocale, locale.LC_NUMERIC
    thread = threading.Thread(target=set_it, args=(number, "C"))
    thread.start()
    set_it(number, "C")
    thread.join()
"""


@pytest.mark.parametrize("strategy", ["exhaustive", "auto"])
def test_all_schedules_are_run_where_something_is_not_controlled(run, report, strategy):
    done = run(SETTINGS, f"--interleave-strategy={strategy}", "--interleave-json=report.json")
    done.result.assert_outcomes(passed=3, warnings=1)
    rows = {row["nodeid"].removeprefix("test_it.py::"): row for row in report()["tests"]}
    assert {name: row["coverage"]["status"] for name, row in rows.items()} == {
        "test_setting": "sampled", "test_memory": "exhaustive", "test_while_it_starts": "sampled",
    }  # fmt: skip
    assert rows["test_setting"]["schedules"] == rows["test_while_it_starts"]["schedules"] == 60
    assert rows["test_memory"]["schedules"] < 30
    assert "stopped after" not in done.text
    (warning,) = (line for line in done.text.splitlines() if "InterleaveWarning: " in line)
    assert "only one interleaving was run, because only one thread could run at each scheduling point" in warning
    by_both = r"\(set by main at test_it\.py:\d+, set by Thread-1 "
    assert re.search(rf"not controlled: the locale {by_both}", warning)


def test_one_that_is_not_controlled_at_all_has_no_line_of_its_own(run):
    done = run(SETTINGS, "-k", "test_setting", verbose=False)
    assert done.lines("1 test passed: 60 schedules, 0 exhaustive (-v lists it)")


WAKES = """
@pytest.mark.concurrency
def test_waits_next():
    stop, ran = threading.Event(), threading.Event()
    def loop():
        while not stop.is_set():
            ran.set()
            stop.wait(timeout=1)
    thread = threading.Thread(target=loop)
    thread.start()
    ran.wait()
    stop.set()
    thread.join()

@pytest.mark.concurrency
def test_ends_next():
    ran = threading.Event()
    thread = threading.Thread(target=ran.set)
    thread.start()
    ran.wait()
    thread.join()

@pytest.mark.concurrency
def test_one_after_a_sleep(counter):
    thread = threading.Thread(target=counter.increment)
    thread.start()
    time.sleep(1)
    counter.increment()
"""


def test_threads_that_wake_each_other_overlap(run, report):
    done = run(WAKES + ONE_BY_ONE, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=4, warnings=4)
    said = coverages(report)
    one = "exhaustive: 1 interleaving, since all conflicting steps have a fixed order"
    assert said["test_waits_next"]["text"] == f"{one}, assuming no sleep or timeout ends early"
    assert said["test_ends_next"]["text"] == one
    assert said["test_one_by_one"]["status"] == said["test_one_after_a_sleep"]["status"] == "nothing_interleaved"
    warnings = _warnings_by_test(done)
    assert {name: text.partition(":")[0] for name, text in warnings.items()} == {
        "test_waits_next": "there is only one interleaving",
        "test_ends_next": "there is only one interleaving",
        "test_one_after_a_sleep": "there is nothing to interleave",
        "test_one_by_one": "there is nothing to interleave",
    }
    assert "the test starts only one thread, and" in warnings["test_one_after_a_sleep"]
    assert "only one thread could run at each scheduling point. If each thread is" in warnings["test_one_by_one"]


def _warnings_by_test(done):
    """The text of the warning of each test, from pytest's summary, which has the name of the test above it."""
    found = {}
    for line in done.text.partition(" warnings summary ")[2].splitlines():
        if line.startswith("test_it.py::"):
            name = line.partition("::")[2].strip()
        elif "InterleaveWarning: " in line:
            found[name] = line.partition("InterleaveWarning: ")[2]
    return found


WAKES_FROM_OUTSIDE = """
from installed.library import Job

@pytest.mark.concurrency(schedules=30)
def test_no_choice():
    ran, stop = threading.Event(), threading.Event()
    job = Job(ran.set)
    def work():
        job.run()
        stop.wait(timeout=1)
    thread = threading.Thread(target=work)
    thread.start()
    ran.wait()
    # It may not be `job.done` yet.
    done = job.done
    stop.set()
    thread.join()

@pytest.mark.concurrency(schedules=30)
def test_with_choices():
    ran, seen = threading.Event(), []
    job = Job(ran.set)
    def work():
        seen.append(1)
        job.run()
    thread = threading.Thread(target=work)
    thread.start()
    seen.append(2)
    ran.wait()
    done = job.done
    thread.join()

@pytest.mark.concurrency(schedules=30)
def test_after_the_join():
    ran, seen = threading.Event(), []
    job = Job(ran.set)
    def work():
        seen.append(1)
        job.run()
    thread = threading.Thread(target=work)
    thread.start()
    seen.append(2)
    ran.wait()
    thread.join()
    assert job.done

@pytest.mark.concurrency(schedules=30)
def test_after_the_call():
    ran, seen = threading.Event(), []
    job = Job(list)
    def call():
        job.run()
    def work():
        seen.append(1)
        call()
        ran.set()
    thread = threading.Thread(target=work)
    thread.start()
    seen.append(2)
    ran.wait()
    assert job.done
    thread.join()
"""


def test_code_out_of_scope_continues_after_it_has_woken_another_thread(run, library, report):
    run(WAKES_FROM_OUTSIDE, "--interleave-json=report.json").result.assert_outcomes(passed=4)
    said = coverages(report)
    for name in ("test_no_choice", "test_with_choices"):
        assert said[name]["status"] == "sampled", said[name]
        assert "not controlled: installed.library.Job.run (called with a shared object at " in said[name]["text"]
    for name in ("test_after_the_join", "test_after_the_call"):
        assert said[name]["status"] == "exhaustive", said[name]


def test_names_of_a_librarys_methods_do_not_say_that_they_only_read(run, library, report):
    source = """
from installed.library import Shop

@pytest.mark.concurrency(schedules=30)
def test_it(run_concurrent):
    run_concurrent(Shop().info)
"""
    run(source, "--interleave-json=report.json").result.assert_outcomes(passed=1)
    (said,) = coverages(report).values()
    assert said["status"] == "sampled"
    advice = "to control it, set interleave_include = installed"
    assert f"not controlled: installed.library.Shop.info (called with a shared object; {advice})" in said["text"]


ALIVE = """
@pytest.mark.concurrency(schedules=30)
@pytest.mark.parametrize("asked", ["one", "all"])
def test_woken(asked):
    ran = threading.Event()
    thread = threading.Thread(target=ran.set)
    thread.start()
    ran.wait()
    # It may be alive still, though it has nothing left to do.
    assert not thread.is_alive() if asked == "one" else threading.active_count() == 1

@pytest.mark.concurrency(schedules=40)
def test_joined(counter):
    lock = threading.Lock()
    def work():
        with lock:
            counter.increment()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    with lock:
        counter.increment()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert threading.active_count() == 1
"""


def test_a_thread_may_stay_alive_after_its_last_step(run, report):
    run(ALIVE, "--interleave-json=report.json").result.assert_outcomes(passed=3)
    said = coverages(report)
    named = "not controlled: end of thread Thread-1 ("
    assert f"{named}is_alive() called by main at test_it.py:" in said["test_woken[one]"]["text"]
    assert f"{named}threads counted or listed by main at test_it.py:" in said["test_woken[all]"]["text"]
    assert said["test_joined"]["status"] == "exhaustive"


def test_explore_does_not_end_early_where_something_is_not_controlled(run):
    source = """
import locale

def test_setting(race_detector):
    outcomes = race_detector.explore(lambda: locale.setlocale(locale.LC_NUMERIC, "C"), schedules=40)
    assert sum(outcomes.values()) == 40

def test_nothing(race_detector):
    assert sum(race_detector.explore(int, schedules=40).values()) < 40
"""
    run(source).result.assert_outcomes(passed=2)
