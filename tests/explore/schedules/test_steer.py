"""A schedule is steered to a predicted deadlock, even if others seldom reach it."""

from __future__ import annotations

import threading
from threading import Condition, Lock, Thread

import pytest

from pytest_interleave.detect import LockOrder
from pytest_interleave.explore import NonPreemptive, RandomWalk, Steered
from tests.driving import executions

pytestmark = pytest.mark.usefixtures("controllable")

SEEDS = range(20)


class Box:
    def __init__(self) -> None:
        self.value = 0


def in_threads(*functions) -> None:
    threads = [Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def take_two(first, second) -> None:
    with first:
        with second:
            pass


def busy(box: Box, times: int = 30) -> None:
    for _ in range(times):
        box.value += 1


def deadlock_at(body, seed, attempts=(0, 1, 2)):
    """How many executions there are up to the deadlock; None where there is none."""
    number = 0
    order = LockOrder()
    predicted = []
    for outcome in executions(body, RandomWalk(seed), 1):
        number += 1
        if outcome.stuck is not None:
            return number
        predicted = order.look_at(outcome)
    for one in predicted:
        for attempt in attempts:
            (outcome,) = executions(body, Steered(one, attempt, seed))
            number += 1
            if outcome.stuck is not None:
                assert outcome.stuck.kind == "deadlock"
                return number
            predicted += order.look_at(outcome)
    return None


def short_among_long():
    a, b, boxes = Lock(), Lock(), [Box(), Box()]

    def work(first, second, box):
        busy(box)
        take_two(first, second)
        busy(box)

    in_threads(lambda: work(a, b, boxes[0]), lambda: work(b, a, boxes[1]))


def philosophers():
    forks, boxes = [Lock() for _ in range(5)], [Box() for _ in range(5)]

    def dine(number):
        busy(boxes[number], 5)
        take_two(forks[number], forks[(number + 1) % 5])

    in_threads(*(lambda i=i: dine(i) for i in range(5)))


def transfers():
    accounts, boxes = [Lock() for _ in range(4)], [Box(), Box()]

    def work(box, *pairs):
        for source, target in pairs:
            busy(box, 10)
            take_two(accounts[source], accounts[target])

    in_threads(
        lambda: work(boxes[0], (0, 1), (1, 2), (2, 3)),
        lambda: work(boxes[1], (0, 1), (0, 2), (3, 2)),
    )


def reads_only():
    a, b, boxes = Lock(), Lock(), [Box(), Box()]

    def work(first, second, box):
        for _ in range(200):
            assert box.value == 0
        take_two(first, second)

    in_threads(lambda: work(a, b, boxes[0]), lambda: work(b, a, boxes[1]))


def while_waiting():
    a, condition, box = Lock(), Condition(), Box()

    def waits():
        with condition:
            with a:
                condition.wait(1)

    def other():
        busy(box)
        take_two(condition, a)

    in_threads(other, waits)


class Owner:
    """A lock of its own: one instruction acquires all of them."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exception) -> None:
        self._lock.release()


def wrapped():
    a, b, c, boxes = Owner(), Owner(), Owner(), [Box(), Box()]

    def work(first, second, box):
        take_two(c, first)
        busy(box)
        take_two(first, second)
        busy(box)

    in_threads(lambda: work(a, b, boxes[0]), lambda: work(b, a, boxes[1]))


@pytest.mark.parametrize(
    "body",
    [short_among_long, philosophers, transfers, reads_only, while_waiting, wrapped],
    ids=lambda body: body.__name__,
)
def test_within_five_schedules_on_20_seeds_of_20(body):
    found = [deadlock_at(body, seed) for seed in SEEDS]
    assert all(number is not None and number <= 5 for number in found), found


def test_random_walks_seldom_reach_it():
    """Else the others prove nothing."""
    assert sum(outcome.stuck is not None for outcome in executions(short_among_long, RandomWalk(1), 100)) <= 15


def one_needs_the_others_lock():
    """The second thread cannot come if the first one waits for it with its lock."""
    a, b, box = Lock(), Lock(), Box()

    def one():
        take_two(a, b)

    def two():
        with a:
            box.value += 1
        take_two(b, a)

    in_threads(one, two)


def test_the_second_attempt_has_the_threads_in_the_other_order():
    (outcome,) = executions(one_needs_the_others_lock, NonPreemptive())
    (predicted,) = LockOrder().look_at(outcome)
    (first,) = executions(one_needs_the_others_lock, Steered(predicted, 0))
    (second,) = executions(one_needs_the_others_lock, Steered(predicted, 1))
    assert first.stuck is None
    assert second.stuck is not None


def kept_apart_by_an_event():
    a, b, done = Lock(), Lock(), threading.Event()

    def one():
        take_two(a, b)
        done.set()

    def two():
        done.wait()
        take_two(b, a)

    in_threads(one, two)


def kept_apart_by_a_flag():
    a, b, done = Lock(), Lock(), Box()

    def one():
        take_two(a, b)
        done.value = 1

    def two():
        while not done.value:
            pass
        take_two(b, a)

    in_threads(one, two)


@pytest.mark.parametrize("attempt", [0, 1, 2])
@pytest.mark.parametrize("body", [kept_apart_by_an_event, kept_apart_by_a_flag], ids=lambda body: body.__name__)
def test_gives_up_where_there_is_no_deadlock(body, attempt):
    (outcome,) = executions(body, NonPreemptive())
    (predicted,) = LockOrder().look_at(outcome)
    (steered,) = executions(body, Steered(predicted, attempt), max_steps=5_000)
    assert steered.stuck is None
    assert steered.uneventful
