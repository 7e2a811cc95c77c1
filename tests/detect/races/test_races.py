"""How races are described."""

from __future__ import annotations

import re
import threading

import pytest

from pytest_interleave.control import Place
from pytest_interleave.control.execution import described
from pytest_interleave.detect.races._races import Access, DataRace, Race

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
    """The locks of both accesses, in any order, without the places of their creation."""
    told = {(race.first.locks, race.second.locks) for race in told_between(two_deposits(make_locks))}
    assert all("test_races.py:" in text for both in told for texts in both for text in texts)
    return {tuple(sorted(tuple(text.partition(" (")[0] for text in texts) for texts in both)) for both in told}


def test_two_locks_of_one_line_are_distinguished():
    def locks():
        return [[threading.Lock()] for _ in range(2)]

    assert locks_told(locks) == {(("Lock #1",), ("Lock #2",))}


def test_locks_of_two_lines_are_distinguished_too():
    def locks():
        return (
            [threading.Lock()],
            [threading.Lock()],
        )

    assert locks_told(locks) == {(("Lock #1",), ("Lock #2",))}


def test_all_locks_of_one_line_are_distinguished():
    def locks():
        first, second, third = [threading.Lock() for _ in range(3)]
        return [first, second], [third]

    one, two, three = (f"Lock #{number}" for number in (1, 2, 3))
    # The numbers are in the order in which the locks were taken.
    assert locks_told(locks) <= {((one, two), (three,)), ((one,), (two, three)), ((one, three), (two,))}


def test_a_lock_is_called_alike_each_time():
    first, second = value_of(lambda: [threading.Lock() for _ in range(2)])
    texts = described([], [first, second, first])
    assert [texts[id(lock)].partition(" (")[0] for lock in (first, second)] == ["Lock #1", "Lock #2"]


def test_a_condition_that_is_held_is_called_one():
    def conditions():
        return (
            [threading.Condition()],
            [threading.RLock()],
        )

    assert locks_told(conditions) == {(("Condition",), ("RLock",))}


def test_a_released_lock_is_not_reported():
    def make():
        box, lock = Box(), threading.Lock()

        def deposit():
            with lock:
                pass
            box.n += 1

        return deposit, deposit

    assert {(race.first.locks, race.second.locks) for race in told_between(make)} == {((), ())}


# -- messages --


def in_one_line_each(message):
    """The lines of a message, with the source of an access behind its place, however long that is."""
    return str(message).replace("\n    ", "  ").splitlines()


def test_the_accesses_to_a_variable_are_under_its_name():
    def make():
        box, lock = Box(), threading.Lock()

        def locked():
            with lock:
                box.n = 1

        def unlocked():
            return box.n

        return locked, unlocked

    (race,) = {race.key: race for race in told_between(make)}.values()
    assert race.what == "Box.n"
    assert race.labels >= {"n", "Box.n"}
    head, *accesses, created = in_one_line_each(race)
    assert head == "Box.n is accessed without synchronization"
    made = make.__code__.co_firstlineno + 1
    place = r"\S*test_races\.py"
    written, read = sorted(accesses, key=lambda line: " reads " in line)
    assert re.fullmatch(rf"  Thread-1 writes  {place}:{made + 4}  box\.n = 1  \(Lock\)", written)
    assert re.fullmatch(rf"  Thread-2 reads   {place}:{made + 7}  return box\.n  \(no lock\)", read)
    assert re.fullmatch(rf"  Lock \(created at {place}:{made}\)", created)


def test_a_variable_with_several_races_is_named_once():
    def make():
        box = Box()

        def deposit():
            n = box.n
            box.n = n + 1

        return deposit, deposit

    races = list({race.key: race for race in told_between(make)}.values())
    assert len(races) > 1
    lines = in_one_line_each(DataRace(races))
    assert lines[0] == "Box.n is accessed without synchronization"
    assert all(line.startswith("  Thread-") for line in lines[1:])
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("length", [5, 15, 35, 45, 65])
def test_the_source_gives_way_to_the_place(length, monkeypatch):
    monkeypatch.setattr(Place, "text", property(lambda self: f"value = {'x' * self.lineno}"))
    accesses = [
        Access(does, f"worker-{number}", Place(f"{'p' * length}.py", line, "f"), ())
        for number, (does, line) in enumerate((("reads", 100), ("writes", 9)))
    ]
    head, *lines = str(Race("Box.n", *accesses)).splitlines()
    assert head == "Box.n is accessed without synchronization"
    first, second = (f"  worker-{each}" for each in ("0 reads   ", "1 writes  "))
    places = [f"{'p' * length}.py:{line:<3}" for line in (100, 9)]
    if length < 25:
        room = 74 - len(f"{first}{places[0]}  ") - len("  (no lock)")
        assert lines == [
            f"{first}{places[0]}  value = {'x' * (room - 9)}…  (no lock)",
            f"{second}{places[1]}  value = {'x' * 9}  (no lock)",
        ]
    else:
        assert lines[:2] == [f"{first}{places[0]}", f"    value = {'x' * 50}…  (no lock)"]
        assert lines[2:] in (
            [f"{second}{places[1]}  value = {'x' * 9}  (no lock)"],
            [f"{second}{places[1].strip()}", f"    value = {'x' * 9}  (no lock)"],
        )


def test_of_many_races_the_first_are_described():
    def make():
        box = Box()

        def deposit():
            box.a, box.b, box.c, box.d, box.e, box.f, box.g = range(7)

        return deposit, deposit

    races = list({race.key: race for race in told_between(make)}.values())
    assert len(races) == 7
    for count, more in ((7, ["… and 2 more data races"]), (6, ["… and 1 more data race"]), (5, [])):
        lines = str(DataRace(races[:count])).splitlines()
        assert [line for line in lines if line.endswith(" is accessed without synchronization")] == [
            f"Box.{name} is accessed without synchronization" for name in "abcde"
        ]
        assert [line for line in lines if line.startswith("…")] == more


def test_the_steps_of_a_race_are_those_of_its_accesses():
    def make():
        box = Box()

        def write():
            box.n = 1

        def read():
            return box.n

        return write, read

    for race in told_between(make):
        assert len(race.steps) == 2
        assert race.steps[0] < race.steps[1]
