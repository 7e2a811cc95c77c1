"""What is watched, without running code of the watched objects."""

from __future__ import annotations

import threading
import types

import pytest

from pytest_interleave.detect import Watchlist

from ...driving import execute
from ..racing import races_between, told_between


class Comparing(type):
    """Its classes cannot be hashed, nor compared, nor asked for anything that they have not."""

    def __eq__(cls, other):
        raise RuntimeError("compared")

    @property
    def __name__(cls):
        raise RuntimeError("asked for its name")

    def __getattr__(cls, name):
        raise RuntimeError(f"asked for {name}")


class Hostile:
    """Where pytest does not look for tests, since it would ask them things."""

    class Unhashable(metaclass=Comparing):
        def __init__(self):
            self.n = 0

    class List(list, metaclass=Comparing):
        pass

    class Proxy:
        """What stands for something that is not there."""

        def __init__(self):
            self.n = 0

        @property
        def __class__(self):
            raise RuntimeError("working outside of application context")

    class ProxyOfModule(types.ModuleType):
        def __getattribute__(self, name):
            raise RuntimeError(f"imported for {name}")


def two_that_add_to(thing):
    def add():
        thing.n += 1

    return add, add


@pytest.mark.parametrize("name", ["Unhashable", "Proxy"])
def test_races_on_instances_of_hostile_classes(name):
    assert races_between(lambda: two_that_add_to(vars(Hostile)[name]())) == {f"{name}.n"}


@pytest.mark.parametrize("name", ["Unhashable", "Proxy"])
def test_instances_of_hostile_classes_are_watched(name):
    watchlist = Watchlist()

    def make():
        watchlist.forget_from(0)
        thing = vars(Hostile)[name]()
        watchlist.watch(thing, ("n",), 0)
        return two_that_add_to(thing)

    assert races_between(make, watchlist) == {f"{name}.n"}


def test_a_hostile_class_is_watched():
    watchlist = Watchlist()
    watchlist.watch(Hostile.Proxy, (), 0)
    watchlist.watch(Hostile.Unhashable, (), 0)
    assert races_between(lambda: two_that_add_to(Hostile.Unhashable()), watchlist) == {"Unhashable.n"}


def test_a_list_of_a_hostile_class():
    def make():
        items = Hostile.List([0])

        def put():
            items[0] = 1

        return put, put

    assert races_between(make) == {"item 0 of a List"}


def test_a_module_that_is_imported_when_it_is_used_is_not_imported():
    watchlist = Watchlist()
    watchlist.watch(Hostile.ProxyOfModule("later"), (), 0)
    assert races_between(lambda: (int, int), watchlist) == set()


def test_what_cannot_be_watched_is_not_asked_either():
    watchlist = Watchlist()
    with pytest.raises(TypeError, match=r"strings, after the object, not <Proxy object>"):
        watchlist.watch(Hostile.Proxy(), (Hostile.Proxy(),), 0)
    with pytest.raises(TypeError, match=r"allow\(\) takes strings .*, not <Unhashable object>"):
        watchlist.allow((Hostile.Unhashable(),))
    with pytest.raises(TypeError, match=r"watch\(\) cannot watch a Lock: it is thread-safe"):
        execute_and_raise(lambda: watchlist.watch(threading.Lock(), (), 0))


def execute_and_raise(body):
    outcome = execute(body)
    if outcome.exception is not None:
        raise outcome.exception


class EventWithALock(threading.Event):
    def __init__(self, lock):
        super().__init__()
        self._lock = lock


def test_an_event_is_no_condition_whatever_it_has():
    def make():
        lock = threading.Lock()
        event = EventWithALock(lock)
        proxy = Hostile.Proxy()

        def waits():
            with lock:
                event.wait()
                proxy.n = 1

        def sets():
            event.set()
            proxy.n = 2

        return waits, sets

    holding = {race.first.locks or race.second.locks for race in told_between(make)}
    assert [len(locks) for locks in holding] == [1]
