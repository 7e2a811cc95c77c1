"""How races are told."""

from __future__ import annotations

import threading

from pytest_interleave.detect.races import _races

from ...driving import value_of
from ..racing import told_between


class Box:
    n = 0


def two_deposits(make_locks):
    def make():
        box = Box()

        def deposit(locks):
            for lock in locks:
                lock.acquire()
            box.n += 1
            for lock in locks:
                lock.release()

        first, second = make_locks()
        return lambda: deposit(first), lambda: deposit(second)

    return make


def locks_told(make_locks):
    """The locks of both accesses, in whichever order those came, without where they were made."""
    told = {(race.first.locks, race.second.locks) for race in told_between(two_deposits(make_locks))}
    assert all("test_races.py:" in text for both in told for texts in both for text in texts)
    return {tuple(sorted(tuple(text.partition(" (")[0] for text in texts) for texts in both)) for both in told}


def test_two_locks_of_one_line_are_told_apart():
    def locks():
        return [[threading.Lock()] for _ in range(2)]

    assert locks_told(locks) == {(("Lock",), ("another Lock",))}


def test_locks_of_two_lines_are_told_by_their_lines():
    def locks():
        return (
            [threading.Lock()],
            [threading.Lock()],
        )

    assert locks_told(locks) == {(("Lock",), ("Lock",))}


def test_all_locks_of_one_line_are_told_apart():
    def locks():
        first, second, third = [threading.Lock() for _ in range(3)]
        return [first, second], [third]

    another = "another Lock"
    assert locks_told(locks) <= {(("Lock", another), (another,)), (("Lock",), (another, another))}


def test_a_lock_is_called_alike_each_time():
    first, second = value_of(lambda: [threading.Lock() for _ in range(2)])
    (one, other), (again,) = _races._distinguished([first, second], [second])
    assert other == again == f"another {one}"


def test_a_condition_that_is_held_is_called_one():
    def conditions():
        return (
            [threading.Condition()],
            [threading.RLock()],
        )

    assert locks_told(conditions) == {(("Condition",), ("RLock",))}


def test_a_lock_that_has_been_given_back_is_not_told():
    def make():
        box, lock = Box(), threading.Lock()

        def deposit():
            with lock:
                pass
            box.n += 1

        return deposit, deposit

    assert {(race.first.locks, race.second.locks) for race in told_between(make)} == {((), ())}
