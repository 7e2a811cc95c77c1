"""Objects that a function makes and keeps for itself are left alone; those that others may know are not."""

from __future__ import annotations

import threading
import weakref

import pytest

from pytest_interleave.control.identity._keeping import kept_in, what_it_rests_on
from pytest_interleave.explore import RandomWalk
from tests.driving import execute, executions, require_good_end

KNOWN = []
KNOWN_WEAKLY = weakref.WeakSet()


class Box:
    limit_of_all = 5

    def __init__(self, value=0):
        self.value = value
        self.limit = 7

    def add(self, number):
        self.value = self.value + number
        if self.value > self.limit:
            self.start_again()

    def start_again(self):
        self.value = 0
        self.limit = self.limit + 1

    def itself(self):
        return self

    def tell(self):
        KNOWN.append(self)

    def in_a_function(self):
        return lambda: self.value

    def by_name(self):
        return vars(self)

    def in_steps(self):
        yield self.value

    @property
    def told(self):
        KNOWN.append(self)
        return 1


class Registered:
    def __init__(self):
        self.value = 0
        KNOWN.append(self)


class RegisteredByBase(Registered):
    def __init__(self):
        super().__init__()


class Made(type):
    def __call__(cls):
        made = super().__call__()
        KNOWN.append(made)
        return made


class OfItsOwnKind(metaclass=Made):
    value = 0


class Fallback:
    def __getattr__(self, name):
        KNOWN.append(self)
        return 0


class Dying:
    value = 0

    def __del__(self):
        KNOWN.append(self)


class Unnoticed:
    __slots__ = ("value",)


class Derived(Box):
    def start_again(self):
        self.value = 1


class Number(int):
    pass


@pytest.fixture(autouse=True)
def nothing_known():
    KNOWN.clear()
    yield
    KNOWN.clear()


def kept(function):
    """The variables of the objects that are kept."""
    found = kept_in(function.__code__)
    return {name for name, each in found.items() if what_it_rests_on(each, globals()) is not None}


def keeping():
    def attributes():
        box = Box()
        box.value = box.limit
        box.value += 1
        del box.limit
        return None if box is None else box.value

    def methods():
        box = Box(value=3)
        for number in range(3):
            box.add(number)
            box.add(number=box.value)

    def one_after_the_other():
        box = Box()
        box.value = 1
        box = Box()
        box.value = 1

    def of_a_derived_class():
        box = Derived()
        box.add(1)

    def where_something_fails():
        box = Box()
        try:
            box.value = 1 / 0
        except ZeroDivisionError:
            box.value = 1
        finally:
            box.limit = 2

    return attributes, methods, one_after_the_other, of_a_derived_class, where_something_fails


@pytest.mark.parametrize("function", keeping(), ids=lambda function: function.__name__)
def test_kept(function):
    assert kept(function) == {"box"}


def giving_away():
    def returned():
        box = Box()
        return box  # noqa: RET504

    def returned_after_a_test():
        box = Box()
        return box if box.value else None

    def stored():
        box = Box()
        KNOWN.append(box)

    def in_an_attribute():
        box = Box()
        box.value = box

    def in_a_list():
        box = Box()
        return [box]

    def in_another_variable():
        box = Box()
        other = box
        other.value = 1

    def in_an_inner_function():
        box = Box()
        return lambda: box.value

    def in_a_default():
        box = Box()
        return lambda box=box: box.value

    def by_a_method():
        box = Box()
        box.tell()

    def by_a_method_of_a_method():
        box = Box()
        box.itself()

    def by_a_method_in_a_closure():
        box = Box()
        box.in_a_function()

    def by_a_method_that_asks_for_all():
        box = Box()
        box.by_name()

    def by_a_generator():
        box = Box()
        return box.in_steps()

    def by_a_bound_method():
        box = Box()
        return box.add

    def by_a_property():
        box = Box()
        return box.told

    def by_its_namespace():
        box = Box()
        return box.__dict__

    def an_attribute_of_the_class():
        box = Box()
        return box.limit_of_all

    def by_all_variables():
        box = Box()
        return locals()

    def an_argument(box):
        box = Box()
        box.value = 1

    def sometimes_another(other=KNOWN):
        box = Box()
        if other:
            box = other
        box.value = 1

    def of_a_loop():
        for box in KNOWN:
            box.value = 1

    def of_a_function():
        box = kept(Box)
        box.value = 1

    def yielded():
        box = Box()
        yield box.value

    def compared():
        box = Box()
        return box == 1

    def as_a_text():
        box = Box()
        return f"{box}"

    def raised():
        box = Box()
        raise box

    def registered():
        box = Registered()
        box.value = 1

    def registered_by_a_base():
        box = RegisteredByBase()
        box.value = 1

    def of_a_metaclass():
        box = OfItsOwnKind()
        box.count = 1

    def with_a_fallback():
        box = Fallback()
        box.value = 1

    def seen_when_it_dies():
        box = Dying()
        box.count = 1

    def not_seen_when_it_dies():
        box = Unnoticed()
        box.value = 1

    def of_a_builtin_class():
        box = Number()
        box.value = 1

    def unknown():
        box = Unknown()  # noqa: F821
        box.value = 1

    return [value for value in locals().values() if callable(value)]


@pytest.mark.parametrize("function", giving_away(), ids=lambda function: function.__name__)
def test_not_kept(function):
    assert kept(function) == set()


def attributes_used(body, *, times=1):
    """By execution, how often attributes are used in a way that counts."""
    found = []
    for outcome in executions(body, RandomWalk(1), times):
        require_good_end(outcome)
        found.append([operation.name for _, operation, touches in outcome.log if touches and operation.name])
    return found if times > 1 else found[0]


def test_what_is_kept_is_no_step():
    def body():
        box = Box()
        box.value = box.limit
        box.add(1)
        box.add(1)

    # Before it is in its variable, it could become known.
    assert attributes_used(body, times=3) == [["value", "limit"]] * 3


def test_methods_of_what_is_known_as_well():
    def keep():
        box = Box()
        box.add(1)

    def body():
        keep()
        known = Box()
        KNOWN.append(known)
        known.add(1)
        keep()
        KNOWN.clear()

    of_init, of_add = ["value", "limit"], ["value", "value", "value", "limit"]
    others = (".append()", ".clear()", "KNOWN", "add")
    used = [name for name in attributes_used(body) if name not in others]
    assert used == [*of_init, *of_init, *of_add, *of_init]
    assert attributes_used(body, times=2)[0] == attributes_used(body, times=2)[1]


def test_a_class_that_is_changed_before(monkeypatch):
    def keep():
        box = Box()
        box.value = 1
        box.add(1)

    assert attributes_used(keep) == ["value", "limit"]

    def registering(self, value=0):
        self.value = value
        self.limit = 1
        KNOWN.append(self)

    monkeypatch.setattr(Box, "__init__", registering)
    assert attributes_used(keep).count("value") == 6
    monkeypatch.undo()
    assert attributes_used(keep) == ["value", "limit"]


def test_a_class_that_is_changed_meanwhile():
    def tell(self, number):
        KNOWN.append(self)

    add = Box.add

    def body():
        box = Box()
        box.value = 1
        Box.add = tell
        try:
            box.add(1)
            box.value = 2
        finally:
            Box.add = add

    once, again = attributes_used(body, times=2)
    assert once == again
    assert once.count("value") == 2


def test_what_becomes_known_by_its_own_assignment():
    def body():
        KNOWN.append(box := Box())
        box.value = 1
        KNOWN.append([other := Box(), other])
        other.value = 1

    assert attributes_used(body).count("value") == 4


def test_what_is_referred_to_weakly():
    def made(self, value=0):
        self.value = value
        KNOWN_WEAKLY.add(self)

    init = Box.__init__

    def body():
        box = Box()
        box.value = 1

    Box.__init__ = made
    try:
        assert attributes_used(body).count("value") == 2
    finally:
        Box.__init__ = init


def test_a_race_on_what_a_method_gives_away_is_seen():
    results = set()

    def body():
        box = Box()
        box.value = 0

        def work():
            value = box.value
            box.value = value + 1

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        results.add(box.value)

    for outcome in executions(body, RandomWalk(1), 20):
        require_good_end(outcome)
    assert results == {1, 2}


def test_an_object_of_each_thread():
    def work():
        box = Box()
        for number in range(3):
            box.add(number)

    def body():
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    outcome = execute(body)
    require_good_end(outcome)
    assert sum(operation.name in ("value", "limit") for _, operation, _ in outcome.log) == 4
