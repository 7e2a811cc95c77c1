"""`RLock` behaves as `threading.RLock` does, outside control and under it."""

from __future__ import annotations

import pickle
import threading
import weakref

import pytest

from pytest_interleave.control.primitives import RLock
from pytest_interleave.explore import RandomWalk
from tests.driving import check, execute, executions, require_good_end


def test_it_is_reentrant_and_counts() -> None:
    def body() -> None:
        lock = RLock()
        with lock, lock:
            assert lock._recursion_count() == 2
            lock.release()
            assert lock._is_owned()
            lock.acquire()
        assert not lock._is_owned()
        with pytest.raises(RuntimeError, match="cannot release un-acquired lock"):
            lock.release()

    body()
    check(body, walks=1)


def test_another_thread_can_neither_acquire_nor_release_it() -> None:
    def body() -> None:
        lock, results = RLock(), []

        def work() -> None:
            results.append(lock.acquire(blocking=False))
            results.append(lock.acquire(timeout=3600))
            with pytest.raises(RuntimeError):
                lock.release()

        with lock:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert results == [False, False]

    check(body)


def test_held_by_a_thread_that_has_ended_it_is_held_for_good() -> None:
    def body() -> None:
        lock = RLock()
        # The second thread runs where the first did, but is another thread.
        for _ in range(2):
            thread = threading.Thread(target=lock.acquire)
            thread.start()
            thread.join()

    outcome = execute(body)
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "deadlock"


def test_held_by_the_fixture_that_made_it_the_test_may_enter_it_again() -> None:
    lock = RLock()
    with lock:
        check(lambda: lock.acquire() and lock.release(), walks=1)


def test_left_locked_by_an_earlier_execution_it_is_free_in_the_next_and_outside() -> None:
    lock = RLock()

    def leave_locked() -> None:
        def acquire_twice() -> None:
            assert lock.acquire(timeout=1)
            assert lock.acquire(timeout=1)

        thread = threading.Thread(target=acquire_twice)
        thread.start()
        thread.join()

    for outcome in executions(leave_locked, RandomWalk(1), 3):
        require_good_end(outcome)
    assert lock.acquire(timeout=1)
    lock.release()


def test_errors_of_timeouts() -> None:
    def body() -> None:
        lock = RLock()
        with pytest.raises(ValueError):
            lock.acquire(False, 1)
        with pytest.raises(ValueError):
            lock.acquire(timeout=-2)

    body()
    check(body, walks=1)


def test_instances_annotations_pickling_and_weak_references() -> None:
    lock = RLock()
    assert isinstance(lock, threading.RLock)
    assert isinstance(lock._real, threading.RLock)
    assert not isinstance(threading.Lock(), threading.RLock)
    assert threading.RLock | None == None | threading.RLock
    with pytest.raises(TypeError, match=r"cannot pickle '_thread\.RLock' object"):
        pickle.dumps(lock)
    reference = weakref.ref(lock)
    del lock
    assert reference() is None
