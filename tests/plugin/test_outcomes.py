"""`race_detector.explore`: the distinct outcomes of a function, and what it says where it is used wrongly."""

from __future__ import annotations

import pytest

from tests.thorough import thorough

from .sources import BOTH_INCREMENT

EXPLORE = """
def test_one_worker(race_detector):
    def both():
        counter = Counter()
        both_increment(counter)
        return [counter.value]

    outcomes = race_detector.explore(both, workers=1)
    assert len(outcomes) == 2
    assert [1] in outcomes and [2] in outcomes and [3] not in outcomes
    assert sum(outcomes.values()) <= 100
    assert outcomes == race_detector.explore(both, workers=1)

def test_workers_share_what_setup_makes(race_detector):
    def take(items):
        if items:
            return items.pop()

    def fill():
        return [1]

    outcomes = race_detector.explore(take, setup=fill, workers=2)
    failed = ("raised", IndexError, "pop from empty list")
    assert set(outcomes) == {(1, None), (None, 1), (1, failed), (failed, 1)}

def test_deadlock_and_exception(race_detector):
    def locks():
        return threading.Lock(), threading.Lock()

    def work(pair):
        first, second = pair if threading.current_thread().name.endswith("0") else reversed(pair)
        with first:
            with second:
                return 1

    outcomes = race_detector.explore(work, setup=locks)
    assert (1, 1) in outcomes
    (other,) = set(outcomes) - {(1, 1)}
    assert other[0] == "raised"
    assert other[1].__name__ == "Deadlock"
    assert other[2] == "deadlock: 2 threads wait for each other in a circle"

def test_watched(race_detector):
    def count():
        counter = race_detector.watch(Counter())
        thread = threading.Thread(target=counter.increment)
        thread.start()
        counter.increment()
        thread.join()

    with pytest.raises(AssertionError, match="data race on Counter.value") as raised:
        race_detector.explore(count, workers=1)
    assert type(raised.value).__name__ == "DataRace"
    assert len(raised.value.races) >= 1

def test_what_is_wrong(race_detector):
    with pytest.raises(ValueError, match="explore..: workers must be an integer >= 1, got 0"):
        race_detector.explore(print, workers=0)
    with pytest.raises(ValueError, match="schedules"):
        race_detector.explore(print, schedules=True)
    with pytest.raises(TypeError, match="without calling it"):
        race_detector.explore(3)

def test_nothing_stays_in_place(race_detector):
    assert race_detector.explore(lambda: 1, workers=1) == {1: 1}
    assert threading.Thread.start.__module__ == "threading"
    assert race_detector.races == []
"""


def test_distinct_outcomes(run):
    run(BOTH_INCREMENT + EXPLORE).result.assert_outcomes(passed=6)


def test_explore_needs_no_marker_to_watch(run):
    done = run(
        """
class Box:
    n = 0

def work(box):
    box.n += 1

def test_in_setup(race_detector):
    with pytest.raises(AssertionError, match="data race on Box.n"):
        race_detector.explore(work, setup=lambda: race_detector.watch(Box()))

def test_before(race_detector):
    box = race_detector.watch(Box())
    with pytest.raises(AssertionError, match="data race on Box.n"):
        race_detector.explore(lambda: work(box))
""",
        "-W",
        "error::pytest.PytestWarning",
        "-W",
        "error::pytest_interleave.InterleaveWarning",
    )
    done.result.assert_outcomes(passed=2)


def test_what_is_watched_after_explore_is_watched_in_vain(run):
    done = run("""
def test_it(counter, race_detector):
    race_detector.explore(int)
    race_detector.watch(counter)
""")
    done.result.assert_outcomes(passed=1, warnings=1)
    assert "or access the object in a function that race_detector.explore() calls" in done.text


def test_errors_out_of_explore_show_no_frames_of_ours(run):
    done = run("""
class Box:
    n = 0

def add(box):
    box.n += 1

def fail():
    raise OSError("no box")

def test_race(race_detector):
    race_detector.explore(add, setup=lambda: race_detector.watch(Box()))

def test_workers(race_detector):
    race_detector.explore(print, workers=0)

def test_setup_that_fails(race_detector):
    race_detector.explore(add, setup=fail)

def test_setup_that_is_none(race_detector):
    race_detector.explore(print, setup=5)
""")
    done.result.assert_outcomes(failed=4)
    assert "explore(): setup must be a function, got 5: write setup=make, without calling it" in done.text
    assert "_race_detector.py" not in done.text
    assert "_outcomes.py" not in done.text


@pytest.mark.parametrize("function", ["async def work(): pass", "def work(): yield"])
def test_what_a_call_does_not_run_is_refused(run, function):
    done = run(f"""
{function}

def test_it(race_detector):
    race_detector.explore(work)
""")
    done.result.assert_outcomes(failed=1)
    assert (
        "explore() needs an ordinary function: calling <function work> does not run its body. Wrap it in one"
        in done.text
    )


@thorough
def test_threads_that_try_for_a_lock_for_long_are_suspected_of_a_livelock(run, report):
    source = """
@pytest.mark.concurrency(max_steps=2000, schedules=1)
def test_it(run_concurrent):
    a, b = threading.Lock(), threading.Lock()
    ready = threading.Barrier(2)
    def work(first, second):
        tries = 0
        with first:
            ready.wait()
            while tries < 30_000:
                if second.acquire(blocking=False):
                    second.release()
                    return
                tries += 1
    run_concurrent.together(lambda: work(a, b), lambda: work(b, a))
"""
    done = run(source, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1, warnings=1)
    assert "suspected livelock: " in done.text
    assert "(worker-0 at test_it.py:31, worker-1 at test_it.py:31), although the test ended." in done.text
    assert report()["tests"][0]["coverage"]["explored_steps"] >= 2000
