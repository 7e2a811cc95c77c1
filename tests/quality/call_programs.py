"""Programs that read or write what they share by calls: of functions in C, of libraries, of generated methods.

Not collected with the other tests: `test_calls.py` runs it in a session of its own.
"""

# ruff: noqa: F523, PIE804, UP030, UP032
from __future__ import annotations

import abc
import copy
import csv
import functools
import io
import itertools
import logging
import operator
import pickle
import string
import threading
import weakref
from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.concurrency(strategy="exhaustive")


class Box:
    def __init__(self, value=0):
        self.value = value


@dataclass
class Data:
    value: int = 0


@dataclass
class Wide:
    first: int = 0
    second: int = 0


def together(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- an object's attribute ---------------------------------------------------------------------------------------


def _pickled(box):
    stream = io.BytesIO()
    pickle.Pickler(stream).dump([{"box": box}])
    return pickle.loads(stream.getvalue())[0]["box"].value


READS = {
    "format": lambda box: int("{0.value}".format(box)),
    "format, by name": lambda box: int("{box.value}".format(box=box)),
    "format, numbered by itself": lambda box: int("{}{.value}".format("", box)),
    "format, in an item": lambda box: int("{0[0][a].value}".format([{"a": box}])),
    "format, in a specification": lambda box: len(format("{:{box.value}}".format("", box=box))),
    "format, a sixth argument": lambda box: int("{5.value}".format(1, 2, 3, 4, 5, box)),
    "format, with unpacked names": lambda box: int("{box.value}".format(**{"box": box})),
    "format, with an unpacked sixth argument": lambda box: int("{5.value}".format(*range(5), box)),
    "format_map": lambda box: int("{box.value}".format_map({"box": box})),
    "Formatter": lambda box: int(string.Formatter().format("{0.value}", box)),
    "dumps": lambda box: pickle.loads(pickle.dumps(box)).value,
    "dumps, in containers": lambda box: pickle.loads(pickle.dumps([{"box": box}]))[0]["box"].value,
    "dump of a pickler": _pickled,
    "__getstate__": lambda box: copy.copy(box).value,
    "__reduce_ex__": lambda box: box.__reduce_ex__(2)[2]["value"],
    "map": lambda box: next(iter(list(map(getattr, [box], ["value"])))),
    "starmap": lambda box: next(iter(list(itertools.starmap(getattr, [(box, "value")])))),
    "star": lambda box: getattr(*[box, "value"]),
    "sorted": lambda box: int(sorted([box, Box(0.5)], key=operator.attrgetter("value"))[1] is box),
    "sort": lambda box: _last([box, Box(0.5)]) is box,
    "max": lambda box: int(max([box, Box(0.5)], key=operator.attrgetter("value")) is box),
}  # fmt: skip


def _last(boxes):
    boxes.sort(key=operator.attrgetter("value"))
    return boxes[-1]


def _new_attributes(box):
    box.__dict__ = {"value": 1}


WRITES = {
    "map": lambda box: list(map(setattr, [box], ["value"], [1])),
    "star": lambda box: setattr(*(box, "value", 1)),
    "__init__": lambda box: box.__init__(1),
    "__init__ of the class": lambda box: type(box).__init__(box, 1),
    "__dict__": _new_attributes,
}


def assign(box):
    box.value = 1


def look(box):
    return box.value


ACCESSES = {f"read by {name}": (read, assign) for name, read in READS.items()}
ACCESSES |= {f"write by {name}": (look, write) for name, write in WRITES.items()}


@pytest.mark.parametrize("kind", [Box, Data])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("how", ACCESSES)
def test_either_order(how, kind, late):
    read, write = ACCESSES[how]
    box = kind()
    found = []
    steps = [lambda: found.append(read(box)), lambda: write(box)]
    together(*(reversed(steps) if late else steps))
    assert found == [int(late)]


@pytest.mark.parametrize("how", READS)
def test_locked(how):
    box = Box()
    lock = threading.Lock()
    found = []

    def read():
        with lock:
            found.append(READS[how](box))

    def write():
        with lock:
            box.value = 1

    together(read, write)
    assert found in ([0], [1])


# -- other state ---------------------------------------------------------------------------------------------------


def _csv():
    stream = io.StringIO()
    writer = csv.writer(stream)
    return lambda: bool(stream.getvalue()), lambda: writer.writerow([1])


def _text_stream():
    raw = io.BytesIO()
    text = io.TextIOWrapper(raw, write_through=True)
    return lambda: bool(raw.getvalue()), lambda: text.write("a")


def _logger():
    logger = logging.Logger("a", 30)
    return lambda: logger.isEnabledFor(20), lambda: logger.setLevel(10)


def _logger_above():
    logger = logging.Logger("a.b")
    logger.parent = logging.Logger("a", 30)
    above = logger.parent
    return lambda: logger.isEnabledFor(20), lambda: above.setLevel(10)


def _exception():
    error = ValueError("")

    def write():
        error.args = ("a",)

    return lambda: bool(str(error)), write


def _singledispatch():
    @functools.singledispatch
    def choose(_given):
        return False

    return lambda: choose(1), lambda: choose.register(int, lambda _given: True)


def _weak_reference():
    held = {"box": Box()}
    reference = weakref.ref(held["box"])
    return lambda: reference() is None, held.clear


STATES = {
    "csv": _csv,
    "text stream": _text_stream,
    "logger": _logger,
    "logger above": _logger_above,
    "exception": _exception,
    "singledispatch": _singledispatch,
    "weak reference": _weak_reference,
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("what", STATES)
def test_state(what, late):
    read, write = STATES[what]()
    found = []
    steps = [lambda: found.append(read()), write]
    together(*(reversed(steps) if late else steps))
    assert found == [late]


# -- what is read unseen -------------------------------------------------------------------------------------------


def _special_method():
    class Sized:
        def __len__(self):
            return 0

    sized = Sized()

    def write():
        Sized.__len__ = lambda _self: 1

    return lambda: len(sized), write


def _class():
    class Other:
        pass

    box = Box()

    def write():
        box.__class__ = Other

    return lambda: isinstance(box, Other), write


def _defaults():
    def choose(given=False):
        return given

    def write():
        choose.__defaults__ = (True,)

    return choose, write


def _registered():
    class Base(abc.ABC):  # noqa: B024
        pass

    return lambda: isinstance(1, Base), lambda: Base.register(int)


def _dead():
    reference = weakref.ref(Box())
    found = []

    def count():
        found.append(1)

    return lambda: found.append(reference()), count


def _weak_values():
    held = [Box()]
    known = weakref.WeakValueDictionary(a=held[0])
    return lambda: known.get("a"), held.clear


def _weak_keys():
    held = [Box()]
    known = weakref.WeakKeyDictionary({held[0]: 1})
    return lambda: list(known.values()), held.clear


def _weak_set():
    held = [Box()]
    known = weakref.WeakSet(held)
    return lambda: [1 for _ in known], held.clear


UNREAD = {
    "special method": _special_method,
    "class": _class,
    "defaults": _defaults,
    "abstract base class": _registered,
    "dead object": _dead,
    "weak values": _weak_values,
    "weak keys": _weak_keys,
    "weak set": _weak_set,
}


@pytest.mark.concurrency(strategy="exhaustive", schedules=20)
@pytest.mark.parametrize("what", UNREAD)
def test_unread(what):
    """It passes, or fails; but what was run is never everything."""
    read, write = UNREAD[what]()
    thread = threading.Thread(target=write)
    thread.start()
    read()
    thread.join()


def test_generated_init_may_be_left_halfway():
    wide = Wide()
    found = []
    together(lambda: wide.__init__(1, 1), lambda: found.append((wide.first, wide.second)))
    assert len(found) == 1


# -- correct programs --------------------------------------------------------------------------------------------------


def test_correct_new_objects():
    found = []
    lock = threading.Lock()

    class Derived(Data):
        def __init__(self):
            super().__init__(3)

    def make():
        made = Derived(), Data(1)
        with lock:
            found.append(sum(each.value for each in made))

    together(make, make)
    assert found == [4, 4]


def test_correct_init_again():
    data = Data()
    lock = threading.Lock()
    found = []

    def fill():
        with lock:
            data.__init__(1)

    def read():
        with lock:
            found.append(data.value)

    together(fill, read)
    assert found in ([0], [1])


def test_correct_readers():
    box = Box()
    error = ValueError("a")
    logger = logging.getLogger("a.b")

    def read():
        pickle.dumps(box)
        string.Formatter().format("{0.value}", box)
        logger.debug("%s", box)
        str(error)

    together(read, read)


def test_correct_weak_references():
    box = Box()
    reference = weakref.ref(box)
    found = []

    def read():
        with lock:
            found.append(reference() is box)

    lock = threading.Lock()
    together(read, read)
    assert found == [True, True]


def test_correct_class_that_is_complete():
    class Sized:
        pass

    Sized.__len__ = lambda _self: 1
    sized = Sized()
    found = []
    lock = threading.Lock()

    def read():
        with lock:
            found.append(len(sized))

    together(read, read)
    Sized.__len__ = lambda _self: 2
    assert found == [1, 1]
