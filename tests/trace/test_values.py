"""What was read and written is shown, and no code of the program is run for it."""

from __future__ import annotations

import ctypes
import enum
import mmap
import os
from collections import Counter, OrderedDict, defaultdict, deque

import pytest

from pytest_interleave.control.identity._values import short_text

from .telling import in_threads, quiet, told, told_of_finding

pytestmark = quiet


class Thing:
    kind = "class"

    def __init__(self, value=0):
        self.value = value


class Slotted:
    __slots__ = ("value",)

    def __init__(self):
        self.value = 0


TOTAL = 0


def attribute():
    thing = Thing()

    def work():
        thing.value += 1

    return work


def slot():
    thing = Slotted()

    def work():
        thing.value += 1

    return work


def of_a_class():
    class Counts:
        value = 0

    def work():
        Counts.value += 1

    return work


def item_of_a_dict():
    table = {"key": 0}

    def work():
        table["key"] += 1

    return work


def item_of_a_list():
    numbers = [7, 0]

    def work():
        numbers[1] += 1

    return work


def closure_variable():
    total = 0

    def work():
        nonlocal total
        total += 1

    return work


def a_global():
    global TOTAL
    TOTAL = 0

    def work():
        global TOTAL
        TOTAL += 1

    return work


WAYS = [attribute, slot, of_a_class, item_of_a_dict, item_of_a_list, closure_variable, a_global]


def values(body, kinds=("read", "write")):
    """By thread: what it read and wrote."""
    found = told(body)
    assert found.outcome.exception is None
    assert not found.outcome.failures
    by_thread = {name: [] for name in found.timeline.threads}
    for event in found.timeline.events:
        if event.kind in kinds:
            by_thread[found.timeline.threads[event.thread]].append((event.kind, event.value))
    return by_thread


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_is_read_and_what_is_written(way):
    def body():
        work = way()
        in_threads(left=work, right=work)

    shown = values(body)
    assert shown["left"] == [("read", "0"), ("write", "0 -> 1")]
    assert shown["right"] == [("read", "1"), ("write", "1 -> 2")]


class State(enum.Enum):
    IDLE = 1

    __repr__ = __str__ = lambda self: "not asked for"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (State.IDLE, "State.IDLE"),
        (deque([1, 2]), "deque([1, 2])"),
        (OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (Counter("aab"), "Counter({'a': 2, 'b': 1})"),
        (defaultdict(list, k=[1]), "defaultdict({'k': [1]})"),
        ({State.IDLE: deque()}, "{State.IDLE: deque([])}"),
    ],
    ids=["enum", "deque", "OrderedDict", "Counter", "defaultdict", "within"],
)
def test_values_of_the_standard_library(value, text):
    assert short_text(value) == text


class Defaults:
    value = 0


def test_what_a_class_has_is_an_instances_first_value():
    def body():
        thing = Defaults()

        def work():
            thing.value += 1

        in_threads(left=work, right=work)

    assert values(body)["left"] == [("read", "0"), ("write", "0 -> 1")]


class Asked(BaseException):
    """Code of the program was run."""


def ask(self, *arguments):
    raise Asked


class Touchy:
    __repr__ = __str__ = __eq__ = __len__ = __bool__ = __iter__ = __getattr__ = __format__ = __hash__ = ask


class TouchyList(list):
    __repr__ = __str__ = __eq__ = __len__ = __bool__ = __iter__ = __getitem__ = ask


class TouchyText(str):
    __slots__ = ()
    __repr__ = __str__ = __eq__ = __len__ = __getitem__ = ask


class TouchyNumber(int):
    __repr__ = __str__ = __eq__ = __index__ = ask


class TouchyType(type):
    __repr__ = __str__ = __eq__ = ask
    __hash__ = type.__hash__


class OfTouchyType(metaclass=TouchyType):
    pass


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (Touchy, "Touchy #1"),
        (TouchyList, "TouchyList #1"),
        (lambda: TouchyText("secret"), "<TouchyText object>"),
        (lambda: TouchyNumber(5), "<TouchyNumber object>"),
        (OfTouchyType, "OfTouchyType #1"),
        (lambda: OfTouchyType, "<class OfTouchyType>"),
        (lambda: [Touchy(), {"key": TouchyList()}], "[Touchy #1, {'key': TouchyList #1}]"),
    ],
    ids=["object", "list", "text", "number", "of a type", "type", "in containers"],
)
def test_nothing_of_the_program_is_asked(make, text):
    def body():
        thing = Thing()

        def work():
            value = make()
            thing.value = value
            return thing.value

        in_threads(left=work, right=work)

    shown = values(body)
    assert shown["left"] == [("write", f"0 -> {text}"), ("read", text)]
    # The other thread has made another object.
    other = text.replace("#1", "#2")
    assert shown["right"] == [("write", f"{text} -> {other}"), ("read", other)]


def test_a_property_is_not_asked_again():
    asked = []

    class Odd:
        def __init__(self):
            self.inner = 0

        @property
        def value(self):
            asked.append(self.inner)
            return self.inner

    def body():
        asked.clear()
        odd = Odd()

        def work():
            odd.inner += odd.value

        in_threads(left=work, right=work)

    told(body)
    assert asked == [0, 0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        ("it's", '"it\'s"'),
        (b"\0", "b'\\x00'"),
        ((), "()"),
        ((1,), "(1,)"),
        ([], "[]"),
        (set(), "set()"),
        ({2, 1}, "{1, 2}"),
        ({"a": 1}, "{'a': 1}"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, …]"),
        ([[[]]], "[[[]]]"),
        ([[[1]]], "[[[…]]]"),
        (2**5000, "<int of 5001 bits>"),
        (len, "<function len>"),
        (Thing, "<class Thing>"),
        ("ключ", "'ключ'"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "value",
)
def test_values_are_short(value, text):
    def body():
        thing = Thing(value)

        def work():
            thing.value = value

        in_threads(left=work, right=work)

    assert values(body)["left"] == [("write", f"{text} -> {text}")]


def test_long_texts_are_cut():
    def body():
        thing = Thing("x" * 10_000)

        def work():
            thing.value = [thing.value] * 5

        in_threads(left=work, right=work)

    texts = [text for shown in values(body).values() for _, text in shown]
    assert len(texts) == 4
    assert all(len(text) <= 2 * 60 + 4 for text in texts)
    assert all("…" in text for text in texts)


def test_what_was_not_there_before():
    def body():
        thing, table = Thing(), {}

        def work():
            thing.more = 1
            table["key"] = 2

        in_threads(left=work, right=work)

    shown = values(body)
    assert shown["left"] == [("write", "unset -> 1"), ("write", "unset -> 2")]
    assert shown["right"] == [("write", "1 -> 1"), ("write", "2 -> 2")]


def test_the_value_is_the_one_at_the_time_of_the_step():
    """A container that changes later is not shown as it is in the end."""

    def body():
        numbers = []

        def work():
            numbers.append(len(numbers))

        in_threads(left=work, right=work)
        assert len(numbers) == 3

    events = told_of_finding(body).timeline.events
    assert [event.value for event in events if event.kind == "write"] == ["[]", "[0]"]


@pytest.mark.parametrize(
    ("holds", "text"),
    [
        (lambda numbers: numbers == [99], "[0] and [99]"),
        (lambda numbers: [99] == numbers, "[99] and [0]"),  # noqa: SIM300 - the order is what this is about
        (lambda numbers: numbers < [], "[0] and []"),
    ],
)
def test_a_comparison_shows_both_containers(holds, text):
    def body():
        numbers = []

        def work():
            numbers.append(0)

        in_threads(left=work)
        assert holds(numbers)

    events = told_of_finding(body).timeline.events
    assert [event.value for event in events if event.kind == "read"] == [text]


class Computed:
    def __getattr__(self, name):
        return 0


def a_ctypes_number():
    number = ctypes.c_int(0)

    def work():
        number.value = 1

    return work


def a_byte_of_a_map():
    memory = mmap.mmap(-1, 16)

    def work():
        memory[0] = 1

    return work


def a_variable_of_the_environment():
    def work():
        os.environ["PYTEST_INTERLEAVE_COUNT"] = "1"

    return work


def an_attribute_that_is_computed():
    thing = Computed()

    def work():
        thing.value = 1

    return work


NOT_READABLE = [a_ctypes_number, a_byte_of_a_map, a_variable_of_the_environment, an_attribute_that_is_computed]


@pytest.mark.parametrize("way", NOT_READABLE, ids=lambda way: way.__name__)
def test_an_old_value_that_is_not_known_is_not_shown(way, monkeypatch):
    monkeypatch.setenv("PYTEST_INTERLEAVE_COUNT", "0")

    def body():
        work = way()
        in_threads(left=work, right=work)

    texts = values(body, kinds=("write",))
    assert texts["left"][0][1] in ("? -> 1", "? -> '1'")
    assert not any("unset" in text for thread in texts.values() for _, text in thread)


def test_an_old_value_that_does_not_exist_is_unset():
    def body():
        thing, table = Thing(), {}

        def work():
            thing.new = 1
            table["key"] = 1

        in_threads(left=work, right=work)

    assert [text for _, text in values(body, kinds=("write",))["left"]] == ["unset -> 1", "unset -> 1"]


def test_floats_have_few_digits_and_those_of_one_row_differ():
    class Clock:
        now = 34958.258274176

    def body():
        clock = Clock()

        def work():
            clock.now, clock.now = clock.now + 11.000003026, clock.now + 11.000003027

        def read():
            return clock.now

        in_threads(left=work, right=read)

    events = [event for event in told(body).timeline.events if event.kind in ("read", "write")]
    assert {event.value for event in events if event.kind == "read" and event.thread == 2} == {"34969.26"}
    assert [event.value for event in events if event.kind == "write"] == [
        "34958.26 -> 34969.258277202",
        "34969.258277202 -> 34969.258277203",
    ]


def test_long_texts_are_not_cut_within_the_name_of_an_object():
    def body():
        thing = Thing()
        things = [Thing() for _ in range(6)]

        def work():
            thing.value = [1 / 3, 1 / 3, "x" * 20, *things]

        in_threads(left=work, right=work)

    (_, text), *_ = values(body)["left"]
    assert all(letter.isprintable() for letter in text)
