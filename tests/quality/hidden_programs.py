"""Programs that read or change a container, although the code does not show it: the order matters in each.

Every one of them fails in some schedule. A search that took such a step for one that touches nothing would run one
schedule and call that all there are.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import heapq
import io
import json
import logging
import operator
import os
import queue
import struct
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest

pytestmark = pytest.mark.concurrency(strategy="exhaustive")


def both(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def is_empty(items):
    return not items


def count(*items):
    return len(items)


LOOKS = {
    "not": is_empty,
    "ternary": lambda items: False if items else True,  # noqa: SIM211
    "bool": lambda items: not bool(items),
    "less": lambda items: items < [1],
    "equal": lambda items: items == [],
    "str": lambda items: str(items) == "[]",
    "f-string": lambda items: f"{items}" == "[]",
    "with a format": lambda items: f"{items!r:>5}" == "   []",
    "percent": lambda items: "%s" % items == "[]",  # noqa: UP031
    "str.format": lambda items: "{}".format(items) == "[]",  # noqa: UP032
    "star": lambda items: count(*items) == 0,
    "plus": lambda items: items + [1] == [1],
    "join": lambda items: "".join(map(str, items)) == "",
    "extend": lambda items: not _extended(items),
    "union": lambda items: set().union(items) == set(),
    "dumps": lambda items: json.dumps(items) == "[]",
    "helper": lambda items: is_empty(items),
    "unpacking": lambda items: [*items] == [],
    "times": lambda items: items * 2 == [],
    "times a number": lambda items: len(items * len("ab")) == 0,
    "slice": lambda items: _sliced(items, []) == [],
    "step": lambda items: _stepped(items, []) == [],
    "slice by a method": lambda items: not _set_slice(items, []),
    "in-place plus": lambda items: _added(items, []) == [],
    "plus one of its own": lambda items: _plus_own(items) == [],
    "in a list": lambda items: items in [[]],
    "not in a tuple": lambda items: items in ([], 1),
    "rows": lambda items: [items] == [[]],
    "pairs": lambda items: (items, 1) == ([], 1),
    "deep": lambda items: [[{"a": items}]] == [[{"a": []}]],
    "less, in a list": lambda items: [items] < [[1]],
    "count": lambda items: [[]].count(items) == 1,
    "index": lambda items: _index_of(items, [[], [1]]) == 0,
    "operator.eq": lambda items: operator.eq([items], [[]]),
    "f-string of a tuple": lambda items: f"{(items, 2)}" == "([], 2)",
    "f-string of a list": lambda items: f"{[items]}" == "[[]]",
    "repr of a tuple": lambda items: repr((items,)) == "([],)",
    "percent, a tuple": lambda items: PERCENT % (items,) == "[]",
    "dataclasses": lambda items: Row(items) == Row([]),
    "repr of a dataclass": lambda items: repr(Row(items)) == "Row(items=[])",
    "any": lambda items: not any([items]),
    "all": lambda items: not all([items]),
    "any, of a generator": lambda items: not any(each for each in [items]),  # noqa: C419
    "filter": lambda items: list(filter(None, [items])) == [],
    "sum": lambda items: sum((items, [1]), []) == [1],
    "max": lambda items: max([items, [0]]) is not items,
    "sort": lambda items: sorted([items, [0]])[0] is items,
    "sort by length": lambda items: sorted([items, [0]], key=len)[0] is items and not items,
    "reversed": lambda items: list(reversed(items)) == [],
    "rows in a loop": lambda items: [rest for *rest, _ in [[*items, 1]]] == [[]],
}
PERCENT = "%s"


@dataclasses.dataclass
class Row:
    items: list


def _sliced(items, mine):
    mine[:] = items
    return mine


def _stepped(items, mine):
    mine[::1] = items
    return mine


def _set_slice(items, mine):
    mine.__setitem__(slice(None), items)
    return mine


def _added(items, mine):
    mine += items
    return mine


def _plus_own(items):
    mine = []
    return items + mine


def _index_of(items, rows):
    return rows.index(items)


def _extended(items):
    copy = []
    copy.extend(items)
    return copy


@pytest.mark.parametrize("how", LOOKS)
def test_check_then_act(how):
    items = []
    looks_empty = LOOKS[how]

    def add(items):
        if looks_empty(items):
            items.append(1)

    both(lambda: add(items), lambda: add(items))
    assert len(items) == 1


CHANGES = {
    "bound": lambda items, number: [add(number) for add in [items.append]],
    "unbound": lambda items, number: list.append(items, number),
    "partial": lambda items, number: functools.partial(items.append, number)(),
    "map": lambda items, number: list(map(items.append, [number])),
    "heap": lambda items, number: items.append(number) if number == 2 else heapq.heappush(items, number),
}


@pytest.mark.parametrize("how", CHANGES)
def test_order_of_changes(how):
    items = []
    change = CHANGES[how]
    both(lambda: change(items, 2), lambda: change(items, 3))
    assert items == [2, 3]


def test_targets_of_threads():
    items = []
    threads = [threading.Thread(target=items.append, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert items == [1, 2]


def test_tasks_of_pools():
    items = []
    with ThreadPoolExecutor(2) as pool:
        pool.submit(items.append, 1)
        pool.submit(items.append, 2)
    assert items == [1, 2]


def test_what_pools_map():
    items = []
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(items.append, [1, 2]))
    assert items == [1, 2]


def test_workers(run_concurrent):
    items = []
    run_concurrent.each(items.append, [1, 2])
    assert items == [1, 2]


def test_workers_together(run_concurrent):
    items = {}
    run_concurrent.together(functools.partial(items.setdefault, "a", 1), functools.partial(items.clear))
    assert items


def test_key_functions():
    weights = {1: 1, 2: 2}
    found = []
    both(lambda: weights.update({1: 3}), lambda: found.append(sorted([1, 2], key=weights.get)))
    assert found == [[1, 2]]


def test_arguments_by_name():
    options = {}
    found = []

    def take(**given):
        found.append(given)

    both(lambda: options.update(a=1), lambda: take(**options))
    assert found == [{"a": 1}]


LOOKS_AT_BYTES = {
    "plus": lambda data: data + b"",
    "plus, reversed": lambda data: b"" + data,
    "times": lambda data: data * 1,
    "equal": lambda data: data != b"",
    "equal, reversed": lambda data: b"" != data,
    "less": lambda data: data > b"",
    "join": lambda data: b"".join([data]),
    "in a tuple": lambda data: (data, 1) != (b"", 1),
}


@pytest.mark.parametrize("how", LOOKS_AT_BYTES)
def test_bytes(how):
    data = bytearray()
    found = []
    both(lambda: data.extend(b"a"), lambda: found.append(bool(LOOKS_AT_BYTES[how](data))))
    assert found == [True]


def test_deques():
    items = collections.deque()
    found = []
    both(lambda: items.append(1), lambda: found.append(len(items * 2)))
    assert found == [2]


class Box:
    def __init__(self):
        self.ready = False


def test_comparing_is_a_step_of_its_own():
    box, items, others = Box(), [], [1]
    found = []

    def look():
        ready = box.ready
        found.append((ready, items == others))

    def change():
        box.ready = True
        items.append(1)

    both(look, change)
    assert found != [(False, True)]


def test_changing_in_place_is_a_step_of_its_own():
    box, items, more = Box(), [], [1]
    found = []

    def change(items, more):
        box.ready = True
        items += more

    both(lambda: change(items, more), lambda: found.append((box.ready, len(items))))
    assert found != [(True, 0)]


def test_iterators_know_how_much_there_was():
    table = {0: 0}
    box = Box()

    def look():
        names = map(str, table)
        box.ready = True
        next(names)

    both(look, lambda: box.ready and table.update({1: 1}))


CHANGES_IN_PLACE = {"times": ([0], lambda box: _multiply(box)), "plus": (bytearray(b"a"), lambda box: _lengthen(box))}


def _multiply(box):
    box.items *= 2


def _lengthen(box):
    box.items += b"b"


@pytest.mark.parametrize("how", CHANGES_IN_PLACE)
def test_changes_in_place_by_constants(how):
    box = Box()
    items, change = CHANGES_IN_PLACE[how]
    box.items = items = items[:]
    found = []
    both(lambda: change(box), lambda: found.append(len(items)))
    assert found == [2]


def test_targets_of_timers():
    items, found = [], []
    timer = threading.Timer(0, items.append, [1])
    timer.start()
    found.append(len(items))
    timer.join()
    assert found == [0]


def test_timers_are_not_waited_for():
    items, found = [], []
    timer = threading.Timer(0, items.append, [1])
    timer.start()
    found.append(len(items))
    timer.join()
    assert found == [1]


def _view():
    rows = {0: 0}
    thread, found = _goes_through(rows.values())
    rows[1] = 1
    thread.join()
    return found


def _enumerated():
    rows = [0]
    thread, found = _goes_through(enumerate(rows))
    rows.append(1)
    thread.join()
    return found


def _zipped():
    rows = [0]
    thread, found = _goes_through(zip(rows, range(9), strict=False))
    rows.append(1)
    thread.join()
    return found


def _generated():
    rows = [0]
    thread, found = _goes_through(row for row in rows)
    rows.append(1)
    thread.join()
    return found


def _goes_through(what):
    found = []
    thread = threading.Thread(target=lambda: found.append(len(list(what))))
    thread.start()
    return thread, found


LOCALS_THAT_LEAVE = {"view": _view, "enumerate": _enumerated, "zip": _zipped, "generator": _generated}


@pytest.mark.parametrize("seen", [1, 2])
@pytest.mark.parametrize("how", LOCALS_THAT_LEAVE)
def test_what_is_made_of_a_local_container_may_leave(how, seen):
    assert LOCALS_THAT_LEAVE[how]() == [3 - seen]


@pytest.mark.parametrize("late", [False, True])
def test_all_loggers_can_be_disabled(late):
    logger = logging.getLogger("a.b")
    logger.setLevel(10)
    found = []
    steps = [lambda: found.append(logger.isEnabledFor(10)), lambda: logging.disable(50)]
    try:
        both(*(reversed(steps) if late else steps))
        assert found == [not late]
    finally:
        logging.disable(0)


class Playlist:
    def __init__(self):
        self.songs = {}

    def __iter__(self):
        return iter(self.songs)

    def add(self, song):
        self.songs[song] = len(self.songs)


class Table(Playlist):
    def keys(self):
        return self.songs.keys()

    def __getitem__(self, song):
        return song


GOES_THROUGH = {
    "list": list,
    "star": lambda songs: [*songs],
    "sorted": sorted,
    "join": " ".join,
    "in": lambda songs: "new" in songs,
    "union": lambda songs: set().union(songs),
    "extend": lambda songs: _extended(songs),
    "call": lambda songs: count(*songs),
    "unpacking": lambda songs: len([rest for *rest, _ in [[*songs, 1]]][0]),
    "map": lambda songs: list(map(str, songs)),
    "for": lambda songs: [song for song in songs],  # noqa: C416
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("how", GOES_THROUGH)
def test_iterators_that_methods_return(how, late):
    songs, found = Playlist(), []
    go_through = GOES_THROUGH[how]
    steps = [lambda: found.append(bool(go_through(songs))), lambda: songs.add("new")]
    both(*(reversed(steps) if late else steps))
    assert found == [late]


@pytest.mark.parametrize("late", [False, True])
def test_views_that_methods_return(late):
    songs, found = Table(), []
    steps = [lambda: found.append(bool(dict(songs))), lambda: songs.add("new")]
    both(*(reversed(steps) if late else steps))
    assert found == [late]


def _doubled(items):
    items *= 2


def _queue():
    waiting = queue.Queue()
    return lambda: bool(list(waiting.queue)), lambda: waiting.put(1)


def _unfinished():
    waiting = queue.Queue()
    return lambda: bool(waiting.unfinished_tasks), lambda: waiting.put(1)


def _semaphore():
    semaphore = threading.Semaphore(0)
    return lambda: bool(semaphore._value), semaphore.release


def _event():
    event = threading.Event()
    return lambda: "unset" not in repr(event), event.set


def _bytes_read():
    data = bytearray(1)
    return lambda: data[0] != 0, lambda: io.BytesIO(b"1").readinto(data)


def _packed():
    data, header = bytearray(4), struct.Struct("<i")
    return lambda: header.unpack_from(data) != (0,), lambda: header.pack_into(data, 0, 7)


def _dumped():
    stream = io.StringIO()
    return lambda: bool(stream.getvalue()), lambda: json.dump([1], stream)


def _logged():
    stream, logger = io.StringIO(), logging.Logger("a")
    logger.addHandler(logging.StreamHandler(stream))
    return lambda: bool(stream.getvalue()), lambda: logger.error("a")


def _formatter():
    stream, logger = io.StringIO(), logging.Logger("a")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)

    def look():
        logger.error("a")
        return "!" in stream.getvalue()

    return look, lambda: handler.setFormatter(logging.Formatter("!"))


def _multiplied():
    items = [1]
    return lambda: len(items) > 1, lambda: _doubled(items)


def _truth():
    text = collections.UserString("")
    return lambda: bool(text), lambda: setattr(text, "data", "a")


STATES = [
    _queue, _unfinished, _semaphore, _event, _bytes_read, _packed, _dumped, _logged, _formatter, _multiplied, _truth,
]  # fmt: skip


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("make", STATES)
def test_what_is_kept_elsewhere(make, late):
    look, change = make()
    found = []
    steps = [lambda: found.append(look()), change]
    both(*(reversed(steps) if late else steps))
    assert found == [late]


@pytest.mark.parametrize("first", "ab")
@pytest.mark.parametrize("log", [logging.warning, logging.getLogger("a.c").warning])
def test_records_that_the_test_reads(log, first, caplog):
    both(lambda: log("a"), lambda: log("b"))
    assert caplog.messages[0] == first


@pytest.mark.parametrize("first", "ab")
def test_warnings_that_the_test_records(first):
    with warnings.catch_warnings(record=True) as recorded:
        warnings.simplefilter("always")
        both(lambda: warnings.warn("a", stacklevel=1), lambda: warnings.warn("b", stacklevel=1))
    assert str(recorded[0].message) == first


@pytest.mark.parametrize("first", "ab")
def test_output_that_the_test_reads(first, capsys):
    both(lambda: print("a"), lambda: print("b"))
    assert capsys.readouterr().out[0] == first


class Settings:
    level = 0
    other = 0


@contextlib.contextmanager
def _restored():
    before = dict(vars(Settings)), sys.stdout, sys.stderr
    try:
        yield
    finally:
        Settings.level, Settings.other = before[0]["level"], before[0]["other"]
        sys.stdout, sys.stderr = before[1:]


def _started():
    patcher = mock.patch.object(Settings, "level", 1)
    patcher.start()
    patcher.stop()


def _in_a_stack():
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(Settings, "level", 1))


def _called_back():
    with contextlib.ExitStack() as stack:
        patcher = mock.patch.object(Settings, "level", 1)
        patcher.start()
        stack.callback(patcher.stop)


def _left_by_exception():
    with contextlib.suppress(KeyError), mock.patch.object(Settings, "level", 1):
        raise KeyError


def _monkeypatched():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "level", 1)


def _monkeypatched_by_name():
    patch = pytest.MonkeyPatch()
    patch.setattr(f"{__name__}.Settings.level", 1)
    patch.undo()


def _monkeypatched_environment():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEVEL", "1")


def _within(make):
    def enter():
        with make():
            pass

    return enter


TABLE = {}
PATCHES = {
    "object": _within(lambda: mock.patch.object(Settings, "level", 1)),
    "name": _within(lambda: mock.patch(f"{__name__}.Settings.level", 1)),
    "multiple": _within(lambda: mock.patch.multiple(Settings, other=1, level=1)),
    "dict": _within(lambda: mock.patch.dict(TABLE, level=1)),
    "dict by name": _within(lambda: mock.patch.dict(f"{__name__}.TABLE", level=1)),
    "start": _started,
    "stack": _in_a_stack,
    "callback": _called_back,
    "exception": _left_by_exception,
    "monkeypatch": _monkeypatched,
    "monkeypatch by name": _monkeypatched_by_name,
    "environment": _monkeypatched_environment,
    "stdout": _within(lambda: contextlib.redirect_stdout(io.StringIO())),
    "stderr": _within(lambda: contextlib.redirect_stderr(io.StringIO())),
}


@pytest.mark.parametrize("how", PATCHES)
def test_patches_that_overlap(how):
    with _restored():
        patch = PATCHES[how]
        TABLE.clear()
        os.environ.pop("LEVEL", None)
        before = Settings.level, Settings.other, sys.stdout, sys.stderr
        both(patch, patch)
        assert (Settings.level, Settings.other, sys.stdout, sys.stderr) == before
        assert TABLE == {}
        assert "LEVEL" not in os.environ


@dataclasses.dataclass(unsafe_hash=True)
class Key:
    number: int = 0


#: Each looks up a key, or hashes it, and says whether that was the key as it was before.
HASHES = {
    "item": lambda key, table, keys: table[key] == 1,  # noqa: ARG005
    "get": lambda key, table, keys: table.get(key) == 1,  # noqa: ARG005
    "in a dictionary": lambda key, table, keys: key in table,  # noqa: ARG005
    "in a set": lambda key, table, keys: key in keys,  # noqa: ARG005
    "add": lambda key, table, keys: keys.add(key) or len(keys) == 1,  # noqa: ARG005
    "discard": lambda key, table, keys: keys.discard(key) or not keys,  # noqa: ARG005
    "setdefault": lambda key, table, keys: table.setdefault(key, 2) == 1,  # noqa: ARG005
    "part of a tuple": lambda key, table, keys: {(Key(), 1): 1}.get((key, 1)) == 1,  # noqa: ARG005
    "hash": lambda key, table, keys: hash(key) == hash(Key()),  # noqa: ARG005
}


@pytest.mark.parametrize("what", HASHES)
def test_generated_hashes(what):
    key, found = Key(), []
    table, keys = {key: 1}, {key}

    def change():
        key.number = 1
        key.number = 0

    both(lambda: found.append(HASHES[what](key, table, keys)), change)
    assert found == [True]


def test_keywords_of_a_partial():
    make, found = functools.partial(dict, a=0, b=0), []

    def change():
        make.keywords["a"] = 1
        make.keywords["b"] = 1

    both(lambda: found.append(make()), change)
    assert found[0]["a"] == found[0]["b"]


def answer():
    return 1


#: Each replaces a function for a moment, and says whether it is the real one.
REPLACED = {
    "global": (lambda: mock.patch(f"{__name__}.answer", lambda: 2), lambda: answer() == 1),
    "by its path": (lambda: mock.patch("os.getcwd", return_value=1), lambda: os.getcwd() != 1),
    "not called": (lambda: mock.patch("os.getpid", return_value=1), lambda: os.getpid.__name__ == "getpid"),
}


@pytest.mark.parametrize("what", REPLACED)
def test_functions_that_are_patched(what):
    patched, look = REPLACED[what]
    found = []

    def patch():
        with patched():
            pass

    both(lambda: found.append(look()), patch)
    assert found == [True]


@pytest.mark.parametrize("called", [False, True])
def test_functions_of_modules_that_are_assigned(called):
    real, found = heapq.heapify, []

    def change():
        heapq.heapify = len
        heapq.heapify = real

    both(lambda: found.append((heapq.heapify([]) if called else heapq.heapify) in (None, real)), change)
    assert found == [True]


def _noted(problem):
    return getattr(problem, "__notes__", [])


EXCEPTIONS = {
    "note": (lambda problem: bool(_noted(problem)), lambda problem: problem.add_note("a")),
    "another note": (lambda problem: len(_noted(problem)) > 1, lambda problem: problem.add_note("a")),
    "traceback": (lambda problem: problem.__traceback__ is None, lambda problem: problem.with_traceback(None)),
    "state": (lambda problem: hasattr(problem, "level"), lambda problem: problem.__setstate__({"level": 1})),
    "arguments": (lambda problem: problem.args == (), lambda problem: problem.__init__()),
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("what", EXCEPTIONS)
def test_exceptions_that_change(what, late):
    look, change = EXCEPTIONS[what]
    found = []
    try:
        raise ValueError("a")
    except ValueError as caught:
        problem = caught
    if what == "another note":
        problem.add_note("b")
    steps = [lambda: found.append(look(problem)), lambda: change(problem)]
    both(*(reversed(steps) if late else steps))
    assert found == [late]
