"""Deadlocks are predicted from executions that did not deadlock, and not where there can be none."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Thread

import pytest

from pytest_interleave.control import Strategy
from pytest_interleave.control.scope._places import place_of_code
from pytest_interleave.detect import LockOrder, PredictedDeadlock
from pytest_interleave.detect.deadlocks import _lock_order
from pytest_interleave.explore import NonPreemptive, RandomWalk
from tests.driving import executions, require_good_end

pytestmark = pytest.mark.usefixtures("controllable")

Body = Callable[[], object]


def predictions(body: Body, strategy: Strategy | None = None, number: int = 1) -> list[PredictedDeadlock]:
    order = LockOrder()
    found: list[PredictedDeadlock] = []
    for outcome in executions(body, NonPreemptive() if strategy is None else strategy, number):
        require_good_end(outcome)
        found += order.look_at(outcome)
    return found


def in_threads(*functions: Callable[[], object]) -> None:
    threads = [Thread(target=function, name=f"T{number}") for number, function in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_after_the_other(*functions: Callable[[], object]) -> None:
    for function in functions:
        in_threads(function)


def nest(*locks: object) -> None:
    with contextlib.ExitStack() as stack:
        for lock in locks:
            stack.enter_context(lock)  # type: ignore[arg-type]


def take_two(first: threading.Lock, second: threading.Lock) -> None:
    with first:
        with second:
            pass


def locks(number: int) -> list[threading.Lock]:
    return [threading.Lock() for _ in range(number)]


# -- circles --


def test_two_threads_take_two_locks_in_opposite_order():
    def body():
        a, b = locks(2)
        in_threads(lambda: take_two(a, b), lambda: take_two(b, a))

    (predicted,) = predictions(body)
    assert [part.thread for part in predicted.parts] == ["T0", "T1"]
    assert [part.path for part in predicted.parts] == [(0,), (1,)]
    line = take_two.__code__.co_firstlineno
    made = locks.__code__.co_firstlineno + 1
    name = "tests/detect/deadlocks/test_lock_order.py"
    assert str(predicted).replace("\\", "/").splitlines() == [
        "lock-order inversion",
        f"  T0 locks Lock #1 ({name}:{line + 1}), then Lock #2 ({name}:{line + 2})",
        f"  T1 locks Lock #2 ({name}:{line + 1}), then Lock #1 ({name}:{line + 2})",
        f"  Lock #1 was created at {name}:{made}",
        f"  Lock #2 was created at {name}:{made}",
    ]


@pytest.mark.parametrize("number", [2, 3, 5, 20, 100])
def test_circles(number):
    def body():
        forks = locks(number)
        in_threads(*(lambda i=i: take_two(forks[i], forks[(i + 1) % number]) for i in range(number)))

    (predicted,) = predictions(body)
    assert [part.path for part in predicted.parts] == [(i,) for i in range(number)]


@pytest.mark.parametrize("number", [2, 3, 5])
def test_no_circle_with_one_left_handed(number):
    def body():
        forks = locks(number)
        pairs = [sorted((i, (i + 1) % number)) for i in range(number)]
        in_threads(*(lambda i=i, j=j: take_two(forks[i], forks[j]) for i, j in pairs))

    assert predictions(body) == []


def test_not_all_of_very_many_cycles_are_checked(monkeypatch):
    monkeypatch.setattr(_lock_order, "PATIENCE", 500)
    monkeypatch.setattr(_lock_order, "MOST", 1_000)

    def body():
        all_locks = locks(8)
        orders = itertools.permutations(all_locks, 2)
        in_threads(*(lambda a=a, b=b: take_two(a, b) for a, b in orders))

    found = predictions(body)
    assert 28 <= len(found) < 200
    assert {len(one.parts) for one in found[:28]} == {2}


def test_locks_of_different_kinds():
    def body():
        a, b = threading.RLock(), Condition()
        in_threads(lambda: take_two(a, b), lambda: take_two(b, a))

    assert len(predictions(body)) == 1


def test_a_lock_between_the_two():
    def body():
        a, b, c, d = locks(4)
        in_threads(lambda: nest(a, c, b), lambda: nest(b, d, a))

    assert len(predictions(body)) == 1


def test_each_is_reported_once():
    def body():
        a, b = locks(2)

        def work(first, second):
            for _ in range(3):
                take_two(first, second)

        # One thread ends before the other begins, most of the time.
        in_threads(lambda: work(a, b), lambda: work(b, a))

    assert len(predictions(body, NonPreemptive(), 5)) == 1


def test_which_time_it_is():
    def body():
        a, b, c, d = locks(4)

        def one():
            take_two(c, d)
            take_two(a, b)

        in_threads(one, lambda: take_two(b, a))

    (predicted,) = predictions(body)
    assert [part.occurrence for part in predicted.parts] == [2, 1]


def test_taken_back_after_waiting():
    def body():
        a, condition = threading.Lock(), Condition()

        def waits():
            with condition:
                with a:
                    condition.wait(1)

        in_threads(lambda: take_two(condition, a), waits)

    (predicted,) = predictions(body)
    assert "condition.wait(1)" in {place_of_code(*part.inner).text for part in predicted.parts}


# -- what keeps threads apart --


def test_gate():
    def body():
        gate, a, b = locks(3)
        in_threads(lambda: nest(gate, a, b), lambda: nest(gate, b, a))

    assert predictions(body) == []


def test_gate_that_one_does_not_go_through():
    def body():
        gate, a, b = locks(3)
        in_threads(lambda: nest(gate, a, b), lambda: nest(b, a))

    assert len(predictions(body)) == 1


@pytest.mark.parametrize("kind", [threading.Semaphore, threading.BoundedSemaphore])
@pytest.mark.parametrize(("permits", "deadlocks"), [(1, 0), (4, 0), (5, 1)])
def test_semaphore_with_fewer_permits_than_threads_in_the_circle(kind, permits, deadlocks):
    def body():
        room, forks = kind(permits), locks(5)
        in_threads(*(lambda i=i: nest(room, forks[i], forks[(i + 1) % 5]) for i in range(5)))

    for strategy in (NonPreemptive(), RandomWalk(0)):
        assert len(predictions(body, strategy)) == deadlocks


def test_semaphore_that_one_does_not_acquire():
    def body():
        room, a, b, c = threading.Semaphore(2), *locks(3)
        in_threads(lambda: nest(room, a, b), lambda: nest(room, b, c), lambda: nest(c, a))

    assert len(predictions(body)) == 1


def test_semaphore_that_is_a_signal():
    def body():
        ready, a, b = threading.Semaphore(0), *locks(2)

        def wait():
            ready.acquire()
            take_two(b, a)

        def tell():
            ready.release()
            ready.release()
            ready.acquire()
            take_two(a, b)

        in_threads(wait, tell)

    assert len(predictions(body)) == 1


def test_gate_of_a_library(tmp_path):
    source = "def through(gate, function):\n    with gate:\n        function()\n"
    names: dict[str, Callable[..., None]] = {}
    exec(compile(source, str(tmp_path / "site-packages" / "library.py"), "exec"), names)

    def body():
        gate, a, b = locks(3)
        in_threads(
            lambda: names["through"](gate, lambda: take_two(a, b)),
            lambda: names["through"](gate, lambda: take_two(b, a)),
        )

    assert predictions(body) == []


def test_one_ends_before_the_other_starts():
    def body():
        a, b = locks(2)
        one_after_the_other(lambda: take_two(a, b), lambda: take_two(b, a))

    assert predictions(body) == []


def test_before_the_start_and_after_the_join():
    def body():
        a, b = locks(2)
        take_two(b, a)
        in_threads(lambda: take_two(a, b))
        take_two(b, a)

    assert predictions(body) == []


def test_ordered_by_starts_and_joins_of_others():
    def body():
        a, b = locks(2)
        first = Thread(target=take_two, args=(a, b))
        first.start()

        def second():
            first.join()
            third = Thread(target=take_two, args=(b, a))
            third.start()
            third.join()

        in_threads(second)

    assert predictions(body) == []


def test_between_start_and_join():
    def body():
        a, b = locks(2)
        thread = Thread(target=take_two, args=(a, b))
        thread.start()
        take_two(b, a)
        thread.join()

    assert len(predictions(body)) == 1


def test_before_the_start_and_after_it():
    def body():
        a, b = locks(2)
        take_two(b, a)
        thread = Thread(target=take_two, args=(a, b))
        thread.start()
        take_two(b, a)
        thread.join()

    (predicted,) = predictions(body)
    assert [part.occurrence for part in predicted.parts] == [2, 1]


def test_join_that_ran_out_of_time_orders_nothing():
    def body():
        a, b = locks(2)
        go = threading.Event()

        def one():
            take_two(a, b)
            go.wait()

        thread = Thread(target=one)
        thread.start()
        thread.join(timeout=1)
        take_two(b, a)
        go.set()
        thread.join()

    assert len(predictions(body)) == 1


def test_one_thread_in_both_orders():
    def body():
        a, b = locks(2)

        def both():
            take_two(a, b)
            take_two(b, a)

        in_threads(both)

    assert predictions(body) == []


# -- what does not wait, or not for ever --


def test_rlock_taken_again():
    def body():
        a, b = threading.RLock(), threading.Lock()
        in_threads(lambda: nest(a, b, a), lambda: nest(a, b, a))

    assert predictions(body, RandomWalk(1), 20) == []


@pytest.mark.parametrize("arguments", [{"blocking": False}, {"timeout": 1}, {"timeout": 0}], ids=str)
@pytest.mark.parametrize("make", [threading.Lock, threading.RLock])
def test_tries_and_time_limits(make, arguments):
    def body():
        # Not the class given: it has been replaced since.
        a, b = (getattr(threading, make.__name__)() for _ in range(2))

        def work(first, second):
            with first:
                if second.acquire(**arguments):
                    second.release()

        in_threads(lambda: work(a, b), lambda: work(b, a))

    assert predictions(body, RandomWalk(1), 20) == []


def test_lock_that_was_taken_by_a_try():
    def body():
        a, b = locks(2)

        def one():
            if a.acquire(blocking=False):
                with b:
                    a.release()

        in_threads(one, lambda: take_two(b, a))

    assert len(predictions(body)) == 1


def test_waiting_gives_the_lock_up():
    def body():
        a, condition = threading.Lock(), Condition()
        ready = []

        def one():
            with condition:
                condition.wait_for(lambda: ready)

        def two():
            with a:
                with condition:
                    ready.append(1)
                    condition.notify()

        in_threads(one, two, two)

    assert predictions(body, RandomWalk(1), 20) == []


@pytest.mark.parametrize("lock", ["Lock", "RLock"])
def test_a_lock_is_not_held_while_its_condition_is_waited_for(lock):
    def body():
        condition = Condition(getattr(threading, lock)())
        a = threading.Lock()
        ready = []

        def one():
            with condition:
                while not ready:
                    condition.wait()
            with a:
                pass

        def two():
            with a:
                with condition:
                    ready.append(1)
                    condition.notify_all()

        in_threads(one, two)

    assert predictions(body, RandomWalk(1), 20) == []


def test_locks_that_are_signals():
    def body():
        a, signal = locks(2)
        signal.acquire()

        def waits():
            with a:
                with signal:
                    pass

        def gives():
            signal.release()

        def takes():
            with signal:
                with a:
                    pass

        in_threads(gives, waits, takes)

    assert predictions(body) == []


# -- locks of others --


def test_code_out_of_scope():
    # Of a library: it runs in the globals of one.
    names = {"__file__": json.__file__}
    exec("def take_two(first, second):\n    with first:\n        with second:\n            pass\n", names)

    def body():
        a, b = locks(2)
        in_threads(lambda: names["take_two"](a, b), lambda: names["take_two"](b, a))

    assert predictions(body) == []


def test_pools_queues_and_logging(caplog):
    def body():
        lock, jobs = threading.Lock(), queue.Queue()
        log = logging.getLogger("lock order")

        def job(number):
            with lock:
                jobs.put(number)
                log.warning("job %s", number)

        def done(_future):
            with lock:
                jobs.put(None)

        with ThreadPoolExecutor(2) as pool:
            for number in range(3):
                pool.submit(job, number).add_done_callback(done)
        assert jobs.qsize() == 6

    assert predictions(body, RandomWalk(1), 20) == []
