"""FastTrack: clocks, epochs that inflate and deflate, and which accesses are a race."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from enum import Enum

import pytest

from pytest_interleave.control import current_unit
from pytest_interleave.detect import Watchlist
from pytest_interleave.detect.happens_before._clocks import Accesses, Clock
from pytest_interleave.detect.races._fasttrack import History
from pytest_interleave.detect.races._races import races_of
from pytest_interleave.detect.races._variables import LENIENT, READ, STRICT, WRITE
from pytest_interleave.explore import RandomWalk

from ...driving import executions


def test_a_clock_learns_what_another_knows():
    clock = Clock({0: 3, 1: 1})
    clock.join(Clock({1: 2, 2: 5, 0: 1}))
    assert clock == {0: 3, 1: 2, 2: 5}


def test_an_epoch_inflates_and_deflates():
    reads = Accesses()
    reads.add(0, Clock({0: 1}), 10)
    reads.add(0, Clock({0: 2}), 11)
    assert not reads.is_shared
    reads.add(1, Clock({1: 1}), 12)
    assert reads.is_shared
    assert sorted(reads.unordered(Clock({2: 1}))) == [11, 12]
    assert list(reads.unordered(Clock({2: 1, 0: 2}))) == [12]
    reads.add(2, Clock({0: 2, 1: 1, 2: 1}), 13)
    assert not reads.is_shared
    assert list(reads.unordered(Clock({0: 9}))) == [13]
    reads.clear()
    assert list(reads.unordered(Clock())) == []


def test_reads_of_two_threads_and_a_write_of_a_third():
    history = History()
    rules = LENIENT
    assert history.access(WRITE, rules, 0, Clock({0: 1}), 1) == []
    assert history.access(READ, rules, 1, Clock({0: 1, 1: 1}), 2) == []
    assert history.access(READ, rules, 2, Clock({0: 1, 2: 1}), 3) == []
    assert sorted(history.access(WRITE, rules, 0, Clock({0: 2}), 4)) == [2, 3]
    # Both reads are forgotten: what is not ordered with them is not ordered with the write.
    assert history.access(WRITE, rules, 3, Clock({0: 1, 3: 1}), 5) == [4]


def test_the_same_epoch_is_checked_once():
    history = History()
    assert history.access(WRITE, STRICT, 0, Clock({0: 1}), 1) == []
    assert history.access(READ, STRICT, 1, Clock({1: 1}), 2) == [1]
    assert history.access(READ, STRICT, 1, Clock({1: 1}), 3) == []


# -- what races with what --


class Box:
    def __init__(self):
        self.value = 0
        self.other = 0


class Slotted:
    __slots__ = ("value",)

    def __init__(self):
        self.value = 0


@dataclass(frozen=True)
class Key:
    name: str


class Colour(Enum):
    RED = 1
    BLUE = 2


class Default(dict):
    def __missing__(self, key):
        return 0


def races(make, first, second, *, watch=False):
    """What two threads do to one thing: all that is found in some schedules."""
    watchlist = Watchlist(everything=not watch)
    found = set()

    def body():
        thing = make()
        watchlist.forget_from(0)
        if watch:
            watchlist.watch(thing, (), 0)
        threads = [threading.Thread(target=lambda: first(thing)), threading.Thread(target=lambda: second(thing))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        unit = current_unit()
        found.update(race.what for race in races_of(watchlist.suspects(unit.log), unit.log))

    for outcome in executions(body, RandomWalk(3), 5):
        assert outcome.exception is None
        # A loop may find that its dictionary has changed meanwhile.
        assert {type(failure.exception) for failure in outcome.failures} <= {RuntimeError}, outcome.failures
    return found


def put(key, value=1):
    def act(thing):
        thing[key] = value

    return act


def look(key):
    def act(thing):
        return thing[key]

    return act


def loop(thing):
    for _ in thing:
        pass


def set_value(thing):
    thing.value = 1


def set_other(thing):
    thing.other = 1


def get_value(thing):
    return thing.value


def increment(key):
    def act(thing):
        thing[key] += 1

    return act


def put_if_missing(thing):
    if "k" not in thing:
        thing["k"] = 1


def numbers():
    return {"k": 1, "l": 2}


def three():
    return [1, 2, 3]


ALWAYS = [
    (Box, set_value, get_value, "Box.value"),
    (Slotted, set_value, set_value, "Slotted.value"),
    (numbers, put("k"), put("k"), "item 'k' of a dict"),
    (dict, put("k"), put("k"), "item 'k' of a dict"),
    (numbers, put("k"), look("k"), "item 'k' of a dict"),
    (numbers, increment("k"), increment("k"), "item 'k' of a dict"),
    (dict, put_if_missing, put_if_missing, "item 'k' of a dict"),
    (numbers, put("k"), lambda d: d.get("k"), "item 'k' of a dict"),
    (numbers, put("k"), lambda d: d.pop("k", None), "item 'k' of a dict"),
    (numbers, put("k"), lambda d: d.update(k=1), "a dict"),
    (three, put(0), put(-3), "item 0 of a list"),
    (three, put(0), lambda items: items.sort(), "a list"),
    (three, loop, lambda items: items.append(4), "a list"),
    (three, loop, put(1), "a list"),
    (numbers, loop, put("m"), "a dict"),
    (numbers, lambda d: loop(d.items()), lambda d: d.pop("k"), "a dict"),
    (lambda: {1}, loop, lambda values: values.add(2), "a set"),
    (lambda: deque([1]), loop, lambda items: items.append(2), "a deque"),
    (lambda: defaultdict(int), increment("k"), increment("k"), "item 'k' of a defaultdict"),
    (Counter, increment("k"), increment("k"), "item 'k' of a Counter"),
    (dict, put((1, "a")), put((1, "a")), "item (1, 'a') of a dict"),
    (dict, put(Colour.RED), put(Colour.RED), "an item of a dict"),
]
ONLY_WATCHED = [
    (list, lambda items: items.append(1), lambda items: items.append(2)),
    (three, lambda items: items.append(4), lambda items: len(items)),
    (three, lambda items: items.append(4), lambda items: 1 in items),
    (set, lambda values: values.add(1), lambda values: values.add(2)),
    (numbers, lambda d: d.get("k"), lambda d: d.pop("k")),
    (numbers, lambda d: d.setdefault("m", 1), lambda d: d.setdefault("m", 1)),
    (numbers, put("m"), lambda d: len(d)),
    (numbers, put("m"), lambda d: list(d)),
    (numbers, put("m"), lambda d: d.copy()),
    (deque, lambda items: items.append(1), lambda items: items and items.popleft()),
    (numbers, lambda d: d.update(m=1), look("k")),
]
NEVER = [
    (Box, set_value, set_other),
    (Box, get_value, get_value),
    (numbers, put("k"), put("l")),
    (dict, put("a"), put("b")),
    (dict, put((1, 2)), put((1, 3))),
    (dict, put(Colour.RED), put(Colour.BLUE)),
    (dict, put(Key("a")), put(Key("b"))),
    (numbers, put("k"), lambda d: "l" in d),
    (numbers, put("k"), lambda d: d.get("l")),
    (numbers, put("k"), lambda d: d.pop("l")),
    (lambda: defaultdict(int), increment("k"), increment("l")),
    (OrderedDict, put("k"), put("l")),
    (Default, put("k"), look("l")),
    (three, put(0), put(1)),
    (three, put(0), look(-1)),
    (lambda: deque([1, 2]), put(0), put(-1)),
    (lambda: threading.local(), set_value, set_value),
]


@pytest.mark.parametrize(("make", "first", "second", "what"), ALWAYS)
def test_a_race_whether_watched_or_not(make, first, second, what):
    assert what in races(make, first, second)
    assert what in races(make, first, second, watch=True)


@pytest.mark.parametrize(("make", "first", "second"), ONLY_WATCHED)
def test_single_calls_race_where_watched(make, first, second):
    assert races(make, first, second) == set()
    assert len(races(make, first, second, watch=True)) == 1


@pytest.mark.parametrize(("make", "first", "second"), NEVER)
def test_no_race(make, first, second):
    assert races(make, first, second) == set()
    if make is not NEVER[-1][0]:
        assert races(make, first, second, watch=True) == set()
