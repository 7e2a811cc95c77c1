"""What orders accesses, and what does not: happens-before of single primitives."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from ..racing import races_between


class Box:
    def __init__(self):
        self.n = 0


def abort(barrier):
    barrier.abort()


def abort_who_waits(barrier):
    while not barrier.n_waiting:
        time.sleep(1)
    barrier.abort()


def reset_who_waits(barrier):
    while not barrier.n_waiting:
        time.sleep(1)
    barrier.reset()


def come_too_late(barrier):
    with contextlib.suppress(threading.BrokenBarrierError):
        barrier.wait(timeout=0.5)


@pytest.mark.parametrize("break_it", [abort, abort_who_waits, reset_who_waits, come_too_late])
def test_what_was_done_before_a_barrier_was_broken_is_known_to_whom_it_fails(break_it):
    def program(box):
        # One more than there are: no thread passes it.
        barrier = threading.Barrier(3)

        def breaks():
            box.n = 1
            break_it(barrier)

        def waits():
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait()
            box.n += 1

        return breaks, waits

    assert races_between(lambda: program(Box())) == set()


@pytest.mark.parametrize("break_it", [abort, abort_who_waits, reset_who_waits])
def test_what_is_done_after_a_barrier_was_broken_is_not(break_it):
    def program(box):
        barrier = threading.Barrier(3)

        def breaks():
            break_it(barrier)
            box.n = 1

        def waits():
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait()
            box.n += 1

        return breaks, waits

    assert races_between(lambda: program(Box())) == {"Box.n"}


def test_what_an_action_did_that_raised_is_known_to_whom_the_barrier_fails():
    def program(box):
        def act():
            box.n += 1
            raise ValueError

        barrier = threading.Barrier(2, action=act)

        def waits():
            with contextlib.suppress(ValueError, threading.BrokenBarrierError):
                barrier.wait()
            assert box.n == 1

        return waits, waits

    assert races_between(lambda: program(Box())) == set()


def test_threads_that_arrived_learn_nothing_from_it():
    def program(box):
        barrier = threading.Barrier(2)

        def passes():
            box.n += 1
            barrier.wait()
            box.n += 1

        return passes, passes

    assert races_between(lambda: program(Box())) == {"Box.n"}


def test_an_attempt_that_succeeds_takes_the_lock():
    def program(box):
        lock = threading.Lock()

        def tries():
            if lock.acquire(blocking=False):
                try:
                    box.n += 1
                finally:
                    lock.release()

        return tries, tries

    assert races_between(lambda: program(Box())) == set()


def test_an_attempt_that_fails_takes_no_lock():
    def program(box):
        lock = threading.Lock()

        def holds():
            with lock:
                box.n += 1

        def tries():
            if not lock.acquire(blocking=False):
                box.n += 1
            else:
                lock.release()

        return holds, tries

    assert races_between(lambda: program(Box())) == {"Box.n"}
