"""Programs that access what they share by functions written in C, held in variables, defaults, attributes and partials.

Each comes twice: without a lock, where two threads both make what only one is to make, and with one. Not collected with
the other tests: `test_accessors.py` runs it in a session of its own.
"""

from __future__ import annotations

import array
import contextvars
import functools
import io
import operator
import threading
import types
import weakref
from collections import OrderedDict, defaultdict, deque

import pytest

pytestmark = pytest.mark.concurrency(strategy="exhaustive")


class Box:
    def __init__(self):
        self.value = None
        self.inner = None


class Slotted:
    __slots__ = ("value",)

    def __init__(self):
        self.value = None


class Plain(Box):
    __getattribute__ = object.__getattribute__
    __setattr__ = object.__setattr__


class ByProperty:
    def __init__(self):
        self._value = None

    value = property(operator.attrgetter("_value"))


get, put = object.__getattribute__, object.__setattr__
look, assign = getattr, setattr
get_item, set_item, has_item = operator.getitem, operator.setitem, operator.contains


def default_arguments(get=object.__getattribute__, put=object.__setattr__):
    box = Slotted()
    return lambda: get(box, "value"), lambda value: put(box, "value", value)


def globals_of_the_module():
    box = Box()
    return lambda: get(box, "value"), lambda value: put(box, "value", value)


def getattr_by_another_name():
    box = Box()
    return lambda: look(box, "value", None), lambda value: assign(box, "value", value)


def bound_to_the_object():
    box = Box()
    read, write = box.__getattribute__, box.__setattr__
    return lambda: read("value"), lambda value: write("value", value)


def in_the_class():
    box = Plain()
    return lambda: box.value, lambda value: setattr(box, "value", value)


def of_a_class():
    class Settings:
        value = None

    write = type.__setattr__
    return lambda: Settings.value, lambda value: write(Settings, "value", value)


def slot():
    box = Slotted()
    read, write = Slotted.value.__get__, Slotted.value.__set__
    return lambda: read(box), lambda value: write(box, value)


def attrgetter():
    box = Box()
    box.inner = Box()
    read = operator.attrgetter("inner.value")
    return lambda: read(box), lambda value: setattr(box.inner, "value", value)


def attrgetter_as_property():
    box = ByProperty()
    return lambda: box.value, lambda value: setattr(box, "_value", value)


def reduced():
    box = Box()
    box.inner = Box()
    return (
        lambda: functools.reduce(getattr, ["inner", "value"], box),
        lambda value: setattr(box.inner, "value", value),
    )


def mapped_attrgetter():
    box = Box()
    read = operator.attrgetter("value")
    return lambda: list(map(read, [box]))[0], lambda value: setattr(box, "value", value)


def key_of_a_maximum():
    boxes = [Box()]
    read = operator.attrgetter("value")

    def look():
        return max(boxes, key=read).value

    return look, lambda value: setattr(boxes[0], "value", value)


def attributes():
    box = Box()
    known = vars(box)
    return lambda: known["value"], lambda value: box.__dict__.update(value=value)


def attributes_set_by_method():
    box = Box()
    write = box.__dict__.__setitem__
    return lambda: box.value, lambda value: write("value", value)


def namespace():
    box = types.SimpleNamespace(value=None)
    write = object.__setattr__
    return lambda: box.value, lambda value: write(box, "value", value)


def namespace_as_a_dictionary():
    box = types.SimpleNamespace(value=None)
    return lambda: box.value, lambda value: vars(box).update(value=value)


def proxied():
    box = Box()
    proxy = weakref.proxy(box)
    return lambda: box.value, lambda value: setattr(proxy, "value", value)


def methods_in_attributes():
    box = Box()
    table = {}
    box.look, box.store = table.get, table.__setitem__
    return lambda: box.look("k"), lambda value: box.store("k", value)


def methods_in_cells():
    table = {}
    look, store = table.get, table.__setitem__
    return lambda: look("k"), lambda value: store("k", value)


def methods_of_the_class():
    table = {}
    return lambda: dict.get(table, "k"), lambda value: dict.__setitem__(table, "k", value)


def methods_of_the_class_by_other_names():
    table = {}
    look, store = dict.get, dict.__setitem__
    return lambda: look(table, "k"), lambda value: store(table, "k", value)


def partials():
    table = {}
    look, store = functools.partial(table.get, "k"), functools.partial(table.__setitem__, "k")
    return look, store


def partials_of_methods_of_the_class():
    table = {}
    look, store = functools.partial(dict.get, table), functools.partial(dict.__setitem__, table, "k")
    return lambda: look("k"), store


def mapped():
    table = {"k": None}
    return lambda: list(map(table.get, ["k"]))[0], lambda value: table.update(k=value)


def unpacked():
    table = {"k": None}

    def read():
        (found,) = map(table.get, ["k"])
        return found

    return read, lambda value: table.update(k=value)


def operators():
    table = {}

    def read():
        return operator.getitem(table, "k") if operator.contains(table, "k") else None

    return read, lambda value: operator.setitem(table, "k", value)


def operators_by_other_names():
    table = {}
    return lambda: get_item(table, "k") if has_item(table, "k") else None, lambda value: set_item(table, "k", value)


def called_by_operator():
    table = {}
    return lambda: operator.call(table.get, "k"), lambda value: operator.call(table.__setitem__, "k", value)


def itemgetter():
    table = {"k": None}
    read = operator.itemgetter("k")
    return lambda: read(table), lambda value: table.__setitem__("k", value)


def methodcaller():
    table = {}
    read, write = operator.methodcaller("get", "k"), operator.methodcaller("setdefault", "k", 1)
    return lambda: read(table), lambda value: write(table) and table.update(k=value)


def arguments_in_a_list():
    table = {}
    look, store = table.get, table.__setitem__

    def call(function, *arguments):
        return function(*arguments)

    return lambda: call(look, "k"), lambda value: call(store, "k", value)


def default_dictionary():
    table = defaultdict(lambda: None)
    read = table.__getitem__
    return lambda: read("k"), lambda value: table.update(k=value)


def ordered_dictionary():
    table = OrderedDict()
    read, write = table.get, table.__setitem__
    return lambda: read("k"), lambda value: write("k", value)


def listed():
    items = []
    length, add = items.__len__, items.append
    return lambda: length() or None, add


def deque_of_one():
    items = deque()
    count, add = functools.partial(operator.length_hint, items), items.append
    return lambda: count() or None, add


def array_of_one():
    items = array.array("q", [0])
    read, write = items.__getitem__, items.__setitem__
    return lambda: read(0) or None, lambda value: write(0, 1)


def text_in_memory():
    stream = io.StringIO()
    return lambda: stream.getvalue() or None, lambda value: stream.write("x")


def printed_into_memory():
    stream = io.StringIO()
    return lambda: stream.getvalue() or None, lambda value: print("x", file=stream)


def property_of_the_class():
    class Shop:
        def __init__(self):
            self.n = None

        def get_value(self):
            return self.n

        value = property(get_value)

    shop = Shop()
    read = Shop.value.fget
    return lambda: read(shop), lambda value: setattr(shop, "n", value)


def context():
    table = {}
    inside = contextvars.copy_context()
    other = contextvars.copy_context()
    contexts = {"a": inside, "b": other}

    def run(*arguments):
        return contexts["a" if threading.current_thread().name == "a" else "b"].run(*arguments)

    return lambda: run(table.get, "k"), lambda value: run(table.__setitem__, "k", value)


ACCESSORS = [
    default_arguments, globals_of_the_module, getattr_by_another_name, bound_to_the_object, in_the_class, of_a_class,
    slot, attrgetter, attrgetter_as_property, reduced, mapped_attrgetter, key_of_a_maximum, attributes,
    attributes_set_by_method, namespace, namespace_as_a_dictionary, proxied, methods_in_attributes,
    methods_in_cells, methods_of_the_class, methods_of_the_class_by_other_names, partials,
    partials_of_methods_of_the_class, mapped, unpacked, operators, operators_by_other_names, called_by_operator,
    itemgetter, methodcaller, arguments_in_a_list, default_dictionary, ordered_dictionary, listed, deque_of_one,
    array_of_one, text_in_memory, printed_into_memory, property_of_the_class, context,
]  # fmt: skip


def both(function):
    made = []

    def run():
        made.append(function())

    threads = [threading.Thread(target=run, name=name) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return made


@pytest.mark.parametrize("make", ACCESSORS, ids=lambda make: make.__name__)
def test_race(make):
    read, write = make()

    def work():
        if read() is None:
            write(1)
            return True
        return False

    assert sorted(both(work)) == [False, True]


@pytest.mark.parametrize("make", ACCESSORS, ids=lambda make: make.__name__)
def test_locked(make):
    read, write = make()
    lock = threading.Lock()

    def work():
        with lock:
            if read() is None:
                write(1)
                return True
            return False

    assert sorted(both(work)) == [False, True]
