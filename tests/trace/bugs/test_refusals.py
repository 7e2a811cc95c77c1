"""Calls of `acquire()` that return False, because another thread holds the lock."""

from __future__ import annotations

from threading import Lock, RLock, Semaphore

import pytest

from pytest_interleave.trace.bugs._bug import WIDEST

from ..telling import in_threads, quiet, steps, texts, told
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

WAYS = {
    "a lock": (Lock, {"blocking": False}, "Lock"),
    "no time": (RLock, {"timeout": 0}, "RLock"),
    "a semaphore": (lambda: Semaphore(1), {"blocking": False}, "Semaphore"),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_attempt_that_fails(way):
    make, how, name = WAYS[way]

    def body():
        lock = make()

        def work():
            assert lock.acquire(**how)  # try
            lock.release()

        in_threads(one=work, other=work)

    timeline = timeline_of(body)
    assert timeline.bug == f"other's non-blocking acquire() fails: one holds {name}"
    assert steps(timeline) == [(f"one acquires {name}", "try"), (f"other tries to acquire {name}, fails", "try")]
    assert timeline.help == "let acquire() wait, or handle that it returns False"


def test_an_attempt_whose_result_the_failing_assertion_needs():
    def body():
        lock, done = Lock(), []

        def work():
            if lock.acquire(blocking=False):
                done.append(1)
                lock.release()

        in_threads(one=work, other=work)
        assert len(done) == 2

    timeline = timeline_of(body)
    assert timeline.bug == "other's non-blocking acquire() fails: one holds Lock"
    assert texts(timeline) == ["one acquires Lock", "other tries to acquire Lock, fails"]


def test_the_lock_of_a_with_statement():
    def body():
        lock, outer = Lock(), Lock()

        def work():
            with lock:
                pass

        def attempt():
            with outer:
                assert lock.acquire(blocking=False)
            lock.release()

        in_threads(works=work, attempts=attempt)

    assert timeline_of(body).bug == "attempts's non-blocking acquire() fails: works holds Lock #1"


def test_without_preemption_it_is_certain_only_if_another_schedule_passes():
    def body():
        lock = Lock()

        def work():
            assert lock.acquire(blocking=False)

        lock.acquire()
        in_threads(one=work)

    timeline = told(body).timeline
    assert timeline.bug == "one's non-blocking acquire() fails: main holds Lock"
    assert timeline.is_plain
    assert not timeline.is_certain


def test_a_failure_after_another_step():
    def body():
        lock, box = Lock(), [0]

        def work():
            if lock.acquire(blocking=False):
                lock.release()
            box[0] += 1

        in_threads(one=work, other=work)
        assert box == [2]

    assert timeline_of(body).bug == "Lost update on box[0]"


def test_a_wait_that_times_out():
    def body():
        lock = Lock()

        def work():
            assert lock.acquire(timeout=1)

        in_threads(one=work, other=work)

    timeline = told(body).timeline
    assert timeline.bug == "other's acquire() times out: one holds Lock"
    assert texts(timeline) == ["one acquires Lock", "other waits for Lock, timed out"]


def test_long_names_of_threads():
    def body():
        lock = Lock()

        def work():
            assert lock.acquire(blocking=False)
            lock.release()

        in_threads(the_first_of_two_threads=work, the_second_of_two_threads=work)

    timeline = timeline_of(body)
    assert timeline.bug == "Non-blocking acquire() of Lock fails"
    assert len(timeline.bug) <= WIDEST
