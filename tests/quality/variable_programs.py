"""Programs in which it is not plain to see which variable an access concerns, or whether it is one.

Not collected with the other tests: `test_variables.py` runs it in a session of its own.
"""

from __future__ import annotations

import threading
from collections import namedtuple
from dataclasses import dataclass
from enum import Enum
from threading import Thread
from typing import Any

import pytest

from tests.quality.elsewhere import Buffer
from tests.quality.race_programs import Box, in_threads

# -- in order, by methods that stand for accesses -----------------------------------------------------------


class Guarded:
    """A descriptor."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"_{name}"

    def __get__(self, thing: Any, owner: type | None = None) -> Any:
        with thing.lock:
            return thing.__dict__[self.name]

    def __set__(self, thing: Any, value: Any) -> None:
        with thing.lock:
            thing.__dict__[self.name] = value


class Account:
    balance = Guarded()

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.balance = 1


class Looking:
    def __init__(self) -> None:
        object.__setattr__(self, "_lock", threading.Lock())
        object.__setattr__(self, "_values", {"balance": 1})

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        with self._lock:
            self._values[name] = value


class LookingFirst(Looking):
    def __getattribute__(self, name: str) -> Any:
        get = object.__getattribute__
        if name.startswith("_"):
            return get(self, name)
        with get(self, "_lock"):
            return get(self, "_values")[name]


class Kept:
    """It keeps its attributes where they always are."""

    def __init__(self) -> None:
        super().__setattr__("lock", threading.RLock())
        self.balance = 1

    def __getattribute__(self, name: str) -> Any:
        with super().__getattribute__("lock"):
            return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        with self.lock:
            super().__setattr__(name, value)


class Locked:
    """Before a container: each access to an item is under its lock."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._lock = threading.RLock()

    def __getitem__(self, key: Any) -> Any:
        with self._lock:
            return super().__getitem__(key)  # type: ignore[misc]

    def __setitem__(self, key: Any, value: Any) -> None:
        with self._lock:
            super().__setitem__(key, value)  # type: ignore[misc]


class LockedDict(Locked, dict[Any, Any]):
    def __contains__(self, key: Any) -> bool:
        with self._lock:
            return super().__contains__(key)

    def __delitem__(self, key: Any) -> None:
        with self._lock:
            super().__delitem__(key)


class LockedList(Locked, list[Any]):
    def __iter__(self) -> Any:
        with self._lock:
            return iter(list(super().__iter__()))

    def append(self, value: Any) -> None:
        with self._lock:
            super().append(value)


Point = namedtuple("Point", "x y")  # noqa: PYI024


@dataclass(frozen=True)
class Key:
    number: int


@dataclass(frozen=True, slots=True)
class Slotted:
    number: int


class Name(str):
    __slots__ = ()


class Colour(Enum):
    RED = 1
    BLUE = 2


def attribute_of(make):
    def run():
        account = make()
        in_threads(lambda: setattr(account, "balance", 2), lambda: account.balance)

        def write():
            account.balance = 3

        in_threads(write, lambda: account.balance)

    return run


def items_of(make, key):
    def run():
        shared = make()

        def write():
            shared[key] = 2

        in_threads(write, lambda: shared[key], lambda: key in shared if isinstance(shared, dict) else list(shared))

    return run


def different_keys(first, second):
    def run():
        shared = {first(): 0, second(): 0}

        def work(make):
            for _ in range(2):
                shared[make()] += 1

        in_threads(lambda: work(first), lambda: work(second))

    return run


ORDERED = {
    "descriptor": attribute_of(Account),
    "__getattr__": attribute_of(Looking),
    "__getattribute__": attribute_of(LookingFirst),
    "super": attribute_of(Kept),
    "dict": items_of(lambda: LockedDict({"x": 1}), "x"),
    "list": items_of(lambda: LockedList([1]), 0),
    "tuples": different_keys(lambda: (1, Key(1)), lambda: (1, Key(2))),
    "named tuples": different_keys(lambda: Point(1, 1), lambda: Point(2, 2)),
    "dataclasses": different_keys(lambda: Key(1), lambda: Key(2)),
    "members": different_keys(lambda: Colour.RED, lambda: Colour.BLUE),
}


@pytest.mark.parametrize("what", ORDERED)
@pytest.mark.concurrency(races=True, schedules=60)
def test_ordered(what):
    ORDERED[what]()


# -- races --------------------------------------------------------------------------------------------------


def element_by_index():
    boxes = [Box(), Box()]
    threads = [Thread(target=increment, args=(box,)) for box in boxes]
    for thread in threads:
        thread.start()
    boxes[0].value += 1
    for thread in threads:
        thread.join()


def element_of_dict():
    boxes = {"a": Box()}
    threads = [Thread(target=increment, args=(box,)) for box in boxes.values()]
    for thread in threads:
        thread.start()
    boxes.get("a").value += 1
    for thread in threads:
        thread.join()


def element_removed():
    boxes = [Box()]
    threads = [Thread(target=increment, args=(box,)) for box in boxes]
    for thread in threads:
        thread.start()
    boxes.pop().value += 1
    for thread in threads:
        thread.join()


def row_of_rows():
    rows = [[0], [0]]
    threads = [Thread(target=increment_first, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    rows[0][0] += 1
    for thread in threads:
        thread.join()


def row_looped_over():
    rows = [[0], [0]]
    threads = [Thread(target=increment_first, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for _ in rows[0]:
        pass
    for thread in threads:
        thread.join()


def increment(box):
    box.value += 1


def increment_first(row):
    row[0] += 1


def set_by_object():
    box = Box()
    in_threads(lambda: object.__setattr__(box, "value", 1), lambda: box.value)


def matched():
    box = Box()

    def look():
        match box:
            case Box(value=0):
                pass

    in_threads(lambda: increment(box), look)


def replaced_elsewhere():
    buffer = Buffer()

    def flush():
        buffer.items = []

    in_threads(flush, lambda: buffer.add(1))


def equal_keys(make):
    def run():
        shared = {make(): 0}

        def work():
            shared[make()] += 1

        in_threads(work, work)

    return run


RACES = {
    "element by index": element_by_index,
    "element of a dict": element_of_dict,
    "element removed": element_removed,
    "row of rows": row_of_rows,
    "row looped over": row_looped_over,
    "set by object": set_by_object,
    "matched": matched,
    "replaced elsewhere": replaced_elsewhere,
    "dataclasses": equal_keys(lambda: Key(1)),
    "slotted": equal_keys(lambda: Slotted(1)),
    "frozen sets": equal_keys(lambda: frozenset((1, 2))),
    "names": equal_keys(lambda: Name("a")),
    "tuples": equal_keys(lambda: (1, Key(1))),
}


@pytest.mark.parametrize("what", RACES)
@pytest.mark.concurrency(races=True, schedules=60)
def test_race(what):
    RACES[what]()


# -- what exhaustive search must not overlook ---------------------------------------------------------------


@pytest.mark.concurrency(strategy="exhaustive")
def test_element_of_list_is_shared():
    boxes = [Box(), Box()]
    threads = [Thread(target=increment, args=(box,)) for box in boxes]
    for thread in threads:
        thread.start()
    boxes[0].value += 1
    for thread in threads:
        thread.join()
    assert boxes[0].value == 2


@pytest.mark.concurrency(strategy="exhaustive")
def test_attribute_is_replaced_in_another_file():
    buffer = Buffer()

    def flush():
        buffer.items = []

    in_threads(flush, lambda: buffer.add(1))
    assert len(buffer) == 1


class Unasked(type):
    """A class whose classes have no hash, and say nothing of equality."""

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("nobody is to ask")


class Strange(metaclass=Unasked):
    def __call__(self, items: list[int]) -> int:
        return len(items)


@pytest.mark.concurrency(schedules=20)
def test_classes_that_will_not_be_asked():
    shared: dict[Any, int] = {}
    items: list[int] = []

    def work():
        strange = Strange()
        shared[strange] = strange(items)
        assert strange in shared
        assert shared.get(strange) is not None
        items.append(shared[strange])
        del shared[strange]

    in_threads(work, work)
    assert len(items) == 2
