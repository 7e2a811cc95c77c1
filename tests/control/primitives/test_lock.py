"""`Lock` behaves as `threading.Lock` does, outside control and under it."""

from __future__ import annotations

import _thread
import pickle
import threading
import weakref

import pytest

from pytest_interleave.control.primitives import Lock
from pytest_interleave.explore import RandomWalk
from tests.driving import check, execute, executions, require_good_end, value_of

_REAL = type(Lock()._real)


def test_errors_are_those_of_the_real_one_outside_and_under_control() -> None:
    def body() -> None:
        lock = Lock()
        with pytest.raises(RuntimeError):
            lock.release()
        with pytest.raises(ValueError):
            lock.acquire(False, 1)
        with pytest.raises(ValueError):
            lock.acquire(timeout=-2)
        with pytest.raises(OverflowError):
            lock.acquire(timeout=_thread.TIMEOUT_MAX * 2)
        assert not lock.locked()

    body()
    check(body, walks=1)


def test_with_releases_it_after_an_exception() -> None:
    def body() -> None:
        lock = Lock()
        with pytest.raises(KeyError), lock:
            assert lock.locked()
            raise KeyError
        assert not lock.locked()

    body()
    check(body, walks=1)


def test_it_excludes() -> None:
    def body() -> None:
        lock, inside = Lock(), []

        def work() -> None:
            with lock:
                inside.append(1)
                assert len(inside) == 1
                inside.pop()

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    check(body)


def test_an_hour_of_waiting_takes_no_time_and_fails() -> None:
    def body() -> None:
        lock = Lock()
        lock.acquire()
        assert lock.acquire(timeout=3600) is False
        assert lock.acquire(timeout=3600) is False
        lock.release()
        assert lock.acquire(timeout=3600) is True

    check(body, walks=1)


def test_a_timed_acquisition_succeeds_when_the_lock_is_released_in_time() -> None:
    def body() -> None:
        lock = Lock()
        lock.acquire()
        timer = threading.Timer(5, lock.release)
        timer.start()
        assert lock.acquire(timeout=6)
        timer.join()

    check(body)


def test_a_thread_that_waits_for_its_own_lock_continues_when_another_releases_it() -> None:
    def body() -> None:
        lock, passed = Lock(), []

        def work() -> None:
            lock.acquire()
            lock.acquire()
            passed.append(True)

        thread = threading.Thread(target=work)
        thread.start()
        while not passed:
            if lock.locked():
                lock.release()
        thread.join()

    check(body)


def test_waiting_for_its_own_lock_alone_is_a_deadlock() -> None:
    def body() -> None:
        lock = Lock()
        lock.acquire()
        lock.acquire()

    outcome = execute(body)
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "deadlock"


def test_opposite_orders_deadlock_under_some_schedule_only() -> None:
    def body() -> None:
        first, second = Lock(), Lock()

        def work(one: Lock, other: Lock) -> None:
            with one, other:
                pass

        threads = [threading.Thread(target=work, args=pair) for pair in ((first, second), (second, first))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    require_good_end(execute(body))
    stuck = [outcome.stuck for outcome in executions(body, RandomWalk(1), 50)]
    found = [each for each in stuck if each is not None]
    assert None in stuck
    assert found
    assert all(each.kind == "deadlock" and each.cycle for each in found)


def test_left_locked_by_an_earlier_execution_it_is_free_in_the_next_and_outside() -> None:
    lock = Lock()

    def leave_locked() -> None:
        assert lock.acquire(timeout=1)

    for outcome in executions(leave_locked, RandomWalk(1), 2):
        require_good_end(outcome)
    assert lock.acquire(timeout=1)
    lock.release()


def test_locked_before_the_execution_it_stays_locked() -> None:
    lock = Lock()
    lock.acquire()
    assert value_of(lambda: lock.acquire(timeout=1)) is False
    lock.release()


def test_a_thread_that_is_not_controlled_can_release_what_a_controlled_one_waits_for() -> None:
    lock, go = Lock(), Lock()._real
    lock.acquire()
    go.acquire()

    def release() -> None:
        go.acquire()
        lock.release()

    other = threading.Thread(target=release)
    other.start()

    def body() -> None:
        go.release()
        assert lock.acquire()

    require_good_end(execute(body))
    other.join()


def test_instances_of_either_kind_are_instances_of_the_name() -> None:
    assert isinstance(Lock(), threading.Lock)
    assert isinstance(_REAL, type)
    assert isinstance(_thread.allocate_lock(), threading.Lock)
    assert isinstance(Lock()._real, threading.Lock)
    assert not isinstance(object(), threading.Lock)
    assert not isinstance(threading.RLock(), threading.Lock)


def test_the_name_can_be_used_in_annotations() -> None:
    assert threading.Lock | None == None | threading.Lock


def test_it_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match=r"cannot pickle '_thread\.lock' object"):
        pickle.dumps(Lock())


def test_weak_references_to_it_die_with_it() -> None:
    lock = Lock()
    reference = weakref.ref(lock)
    assert reference() is lock
    del lock
    assert reference() is None


def test_a_thread_that_unwinds_does_not_fail_for_a_lock_that_it_gave_up() -> None:
    def body() -> None:
        condition = threading.Condition(threading.Lock())

        def wait() -> None:
            with condition:
                condition.wait()

        threads = [threading.Thread(target=wait) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for outcome in executions(body, RandomWalk(1), 10):
        assert outcome.stuck is not None
        assert outcome.failures == []
        assert outcome.leaked == []
