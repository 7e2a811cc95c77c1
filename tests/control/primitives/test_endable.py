"""Threads that are not under control can be ended where they wait for our primitives, and leave no lock behind."""

from __future__ import annotations

import queue
import threading

import pytest

from pytest_interleave.control import primitives
from pytest_interleave.control.primitives import RLock
from pytest_interleave.control.primitives._endable import (
    Ended,
    acquire_in_slices,
    end_waiting,
    endable_waits,
    get_in_slices,
    has_ended,
    slicing,
)
from pytest_interleave.stress import make_plan, run_stress

pytestmark = pytest.mark.usefixtures("controllable")


def hang(prepare, threads=2):
    figures = run_stress(prepare, make_plan(threads, 1, timeout=0.2), name="it")
    assert not slicing
    return figures


def is_free(lock):
    taken = lock.acquire(timeout=5)
    lock.release()
    return taken


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_two_locks_in_opposite_orders(kind):
    first, second = getattr(threading, kind)(), getattr(threading, kind)()
    assert type(first) is getattr(primitives, kind)
    both = threading.Barrier(2)

    def prepare(index):
        def operation():
            outer, inner = (first, second) if index % 2 else (second, first)
            with outer:
                if index < 2:
                    both.wait(20)
                with inner:
                    pass

        return operation

    figures = hang(prepare, threads=8)
    assert {"stress-0", "stress-1"} <= {thread.name for thread in figures.hung}
    assert all(thread.ended for thread in figures.hung)
    assert any("with inner:" in thread.stack for thread in figures.hung)
    assert figures.errors == []
    assert is_free(first)
    assert is_free(second)


def wait_condition(condition):
    with condition:
        condition.wait()


def endless():
    # Made where the operation is called, as in a test.
    lock = threading.Lock()
    plain, over_lock = threading.Condition(), threading.Condition(lock)
    return {
        "event": threading.Event().wait,
        "condition": lambda: wait_condition(plain),
        "condition over a lock": lambda: wait_condition(over_lock),
        "semaphore": threading.Semaphore(0).acquire,
        "barrier": threading.Barrier(9).wait,
        "queue": queue.Queue().get,
        "full queue": lambda full=queue.Queue(1): [full.put(1) for _ in range(3)],
        "simple queue": queue.SimpleQueue().get,
        "with a timeout": lambda: threading.Event().wait(1e5),
        "lock with a timeout": lambda: threading.Lock().acquire() and [lock.acquire(timeout=1e5) for _ in range(2)],
    }, [lock, plain]


@pytest.mark.parametrize("name", list(endless()[0]))
def test_wherever_it_waits(name):
    waits, locks = endless()
    figures = hang(lambda _: waits[name])
    assert figures.hung
    assert all(thread.ended for thread in figures.hung)
    assert figures.errors == []
    if name != "lock with a timeout":
        assert all(is_free(lock) for lock in locks)


def test_waits_in_slices_do_what_waits_do():
    lock, condition = threading.Lock(), threading.Condition()
    items, semaphore, event = queue.SimpleQueue(), threading.Semaphore(0), threading.Event()
    with endable_waits():
        assert lock.acquire()
        assert not lock.acquire(False)
        assert not lock.acquire(timeout=0)
        assert not lock.acquire(timeout=0.001)
        with pytest.raises(ValueError):
            lock.acquire(timeout=-2)
        with pytest.raises(ValueError):
            lock.acquire(False, 1)
        with pytest.raises(OverflowError):
            lock.acquire(timeout=1e20)
        with pytest.raises(RuntimeError):
            condition.wait()
        with condition:
            assert not condition.wait(0.001)
            assert not condition.wait(0)
            assert not condition.wait(-1)
            assert not condition._waiters
        with pytest.raises(queue.Empty):
            items.get(timeout=0.001)
        with pytest.raises(ValueError):
            items.get(timeout=-1)
        items.put(1)
        assert items.get(timeout=5) == 1
        assert not semaphore.acquire(timeout=0.001)
        assert not event.wait(0.001)
        waiters = [
            threading.Thread(target=lambda: lock.acquire() and lock.release()),
            threading.Thread(target=lambda: items.get() and got.append("item")),
            threading.Thread(target=lambda: event.wait() and got.append("event")),
            threading.Thread(target=lambda: semaphore.acquire() and got.append("permit")),
        ]
        got = []
        for waiter in waiters:
            waiter.start()
        lock.release()
        items.put(1)
        event.set()
        semaphore.release()
        for waiter in waiters:
            waiter.join(20)
    assert sorted(got) == ["event", "item", "permit"]


def test_a_notification_reaches_a_thread_that_waits_in_slices():
    condition, got = threading.Condition(), []
    waiting = threading.Event()

    def wait():
        with condition:
            waiting.set()
            got.append(condition.wait(20))

    with endable_waits():
        thread = threading.Thread(target=wait)
        thread.start()
        assert waiting.wait(20)
        with condition:
            condition.notify()
        thread.join(20)
    assert got == [True]


def test_a_thread_that_is_to_end_does_not_acquire():
    real, lock = threading.Lock(), RLock()
    ident = threading.get_ident()
    end_waiting(ident)
    try:
        with endable_waits():
            for wait in (lock.acquire, real.acquire, lambda: get_in_slices(queue.SimpleQueue().get, 1)):
                with pytest.raises(Ended):
                    wait()
            with pytest.raises(Ended):
                acquire_in_slices(real.acquire, False)
    finally:
        has_ended(ident)
    assert not real.locked()
    assert "unlocked" in repr(lock)
    with real:
        pass
