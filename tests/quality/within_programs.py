"""Programs in which functions written in C run Python code in the middle of what they do: `list.sort`, for example.

Each is run twice, by an exhaustive search and by random walks, and both write down how it can end. Not collected with
the other tests: `test_within.py` runs it in a session of its own.
"""

# ruff: noqa: UP031, PLC2801
from __future__ import annotations

import bisect
import collections
import functools
import heapq
import json
import logging
import operator
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path, PurePosixPath

import pytest


class Item:
    def __init__(self, n):
        self.n = n.n if type(n) is Item else n

    def __lt__(self, other):
        return self.n < other.n

    def __gt__(self, other):
        return self.n > other.n

    def __eq__(self, other):
        return self.n == other.n

    def __hash__(self):
        return hash(self.n)

    def __repr__(self):
        return f"<{self.n}>"

    def __bool__(self):
        return self.n > 0

    def __index__(self):
        return self.n

    def __radd__(self, other):
        return self.n + other

    @property
    def cost(self):
        return self.n

    def price(self):
        return self.n

    def under_another_name(self, other):
        return self.n < other.n


class Alias(Item):
    __lt__ = Item.under_another_name


@functools.total_ordering
class Total:
    def __init__(self, n):
        self.n = n

    def __gt__(self, other):
        return self.n > other.n

    def __eq__(self, other):
        return self.n == other.n

    __hash__ = None


class Key:
    def __call__(self, item):
        return item.n

    @staticmethod
    def static(item):
        return item.n

    @classmethod
    def of_class(cls, item):
        return item.n


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise StopIteration
        return Item(self.n)


def second(_first, item):
    return item.n


def difference(item, other):
    return item.n - other.n


by_difference = functools.cmp_to_key(difference)


@functools.lru_cache
def cached(item):
    return item.n


#: What one thread does to a list of items.
OPERATIONS = {
    "sort": lambda items: items.sort(),
    "sort, backwards": lambda items: items.sort(reverse=True),
    "sort by function": lambda items: items.sort(key=lambda item: item.n),
    "sort by method": lambda items: items.sort(key=Item.price),
    "sort by property": lambda items: items.sort(key=operator.attrgetter("cost")),
    "sort by methodcaller": lambda items: items.sort(key=operator.methodcaller("price")),
    "sort by object": lambda items: items.sort(key=Key()),
    "sort by static method": lambda items: items.sort(key=Key.static),
    "sort by class method": lambda items: items.sort(key=Key.of_class),
    "sort by class": lambda items: items.sort(key=Item),
    "sort by partial": lambda items: items.sort(key=functools.partial(second, 0)),
    "sort by comparison": lambda items: items.sort(key=by_difference),
    "sort by cached function": lambda items: items.sort(key=cached),
    "sorted": lambda items: [item.n for item in sorted(items)],
    "max": lambda items: max(items).n,
    "max by property": lambda items: max(items, key=operator.attrgetter("cost")).n,
    "in": lambda items: Item(2) in items,
    "index": lambda items: items.index(Item(2)),
    "count": lambda items: items.count(Item(2)),
    "remove": lambda items: items.remove(Item(2)),
    "contains": lambda items: operator.contains(items, Item(2)),
    "indexOf": lambda items: operator.indexOf(items, Item(2)),
    "insort": lambda items: bisect.insort(items, Item(2)),
    "heappush": lambda items: heapq.heappush(items, Item(2)),
    "heappop": lambda items: heapq.heappop(items).n,
    "heapify": lambda items: heapq.heapify(items),
    "equal": lambda items: items == [Item(3), Item(1), Item(2)],
    "less": lambda items: items < [Item(3), Item(1), Item(3)],
    "sum": lambda items: sum(items),
    "any": lambda items: any(items),
    "all": lambda items: all(items),
    "repr": lambda items: repr(items),
    "formatted": lambda items: f"{items}",
    "percent": lambda items: "%s" % (items,),
    "join": lambda items: ",".join(map(str, items)),
    "map": lambda items: list(map(Item.price, items)),
    "filter": lambda items: len(list(filter(None, items))),
    "set": lambda items: len(set(items)),
    "fromkeys": lambda items: len(dict.fromkeys(items)),
    "Counter": lambda items: len(collections.Counter(items)),
    "item at an item": lambda items: items[Item(1)].n,
    "set item at an item": lambda items: operator.setitem(items, Item(1), Item(8)),
    "slice from an item": lambda items: [item.n for item in items[Item(0) : Item(2)]],
    "pop at an item": lambda items: items.pop(Item(1)).n,
    "extend": lambda items: items.extend(Countdown(2)),
    "set slice": lambda items: operator.setitem(items, slice(0, 1), Countdown(3)),
    "reduce": lambda items: functools.reduce(second, items, 0),
}
SORTS = {
    "sort by another name": [Alias(3), Alias(1), Alias(2)],
    "sort, total ordering": [Total(3), Total(1), Total(2)],
}
OPERATIONS |= dict.fromkeys(SORTS, lambda items: items.sort())
#: What the other thread does meanwhile.
CHANGES = {
    "insert and pop": lambda items: (items.insert(0, Item(9)), items.pop(0))[0],
    "append": lambda items: items.append(Item(0)),
    "pop": lambda items: items.pop(0).n,
    "len": lambda items: len(items),
    "attribute": lambda items: setattr(items[0], "n", 5),
}
ALL = "INTERLEAVE_ALL_CHANGES" in os.environ
CASES = [(name, change) for name in OPERATIONS for change in (CHANGES if ALL else list(CHANGES)[:1])]
ENDINGS = Path(os.environ.get("INTERLEAVE_ENDINGS", "endings.json"))

endings = {strategy: collections.defaultdict(set) for strategy in ("exhaustive", "random")}


@pytest.fixture(scope="module", autouse=True)
def written():
    yield
    ENDINGS.write_text(
        json.dumps({how: {name: [*ends] for name, ends in found.items()} for how, found in endings.items()})
    )


def end_of(name, change):
    items = [type(item)(item.n) for item in SORTS.get(name, (Item(3), Item(1), Item(2)))]
    results = {}

    def run(key, function):
        try:
            results[key] = repr(function(items))
        except Exception as error:
            results[key] = repr(error)

    threads = [
        threading.Thread(target=run, args=("operation", OPERATIONS[name])),
        threading.Thread(target=run, args=("change", CHANGES[change])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return json.dumps([results["operation"], results["change"], [item.n for item in items]])


@pytest.mark.parametrize(("name", "change"), CASES)
@pytest.mark.concurrency(strategy="exhaustive", schedules=1000)
def test_exhaustive(name, change):
    endings["exhaustive"][f"{name} | {change}"].add(end_of(name, change))


@pytest.mark.parametrize(("name", "change"), CASES)
@pytest.mark.concurrency(strategy="random", schedules=400 if ALL else 60)
def test_random(name, change):
    endings["random"][f"{name} | {change}"].add(end_of(name, change))


def by_thread(function, other, **named):
    threads = [threading.Thread(target=function, kwargs=named), threading.Thread(target=other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def by_pool(function, other, **named):
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(function, **named), pool.submit(other)]
        for future in futures:
            future.result()


def by_timer(function, other, **named):
    timer = threading.Timer(0, function, kwargs=named)
    timer.start()
    other()
    timer.join()


CALLERS = {"thread": by_thread, "pool": by_pool, "timer": by_timer}


@pytest.mark.parametrize("named", [{}, {"key": lambda item: item.n}], ids=["by items", "by key"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.concurrency(strategy="exhaustive")
def test_no_code_in_scope_calls_it(caller, named):
    items = [Item(3), Item(1), Item(2)]

    def count():
        assert len(items) == 3

    CALLERS[caller](items.sort, count, **named)


def both(first, second):
    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def paths_inserted():
    items = [PurePosixPath("/1"), PurePosixPath("/5")]
    both(lambda: bisect.insort(items, PurePosixPath("/3")), lambda: bisect.insort(items, PurePosixPath("/2")))
    assert items == sorted(items)


def paths_removed():
    items = [PurePosixPath(name) for name in ("/1", "/2", "/3")]
    both(lambda: items.remove(PurePosixPath("/1")), lambda: items.remove(PurePosixPath("/2")))
    assert items == [PurePosixPath("/3")]


def path_sought():
    items = collections.deque([PurePosixPath("/1"), PurePosixPath("/2")])
    found = []
    both(lambda: found.append(PurePosixPath("/2") in items), items.popleft)
    assert found == [True]


def fractions_added():
    items = collections.deque([Fraction(1, 2), Fraction(1, 3)])
    both(lambda: sum(items), lambda: items.append(Fraction(1, 4)))


def sorted_by_function_of_the_library():
    items = ["/c", "/b", "/a"]
    both(lambda: items.sort(key=os.path.basename), lambda: items.append("/d"))


def popped_by_threads():
    items = [Fraction(1), Fraction(2), Fraction(3), Fraction(4)]
    popped = []

    def pop():
        popped.append(heapq.heappop(items))

    both(pop, pop)
    assert sorted(popped) == [1, 2]


OF_LIBRARY = [
    paths_inserted, paths_removed, path_sought, fractions_added, sorted_by_function_of_the_library, popped_by_threads,
]  # fmt: skip


@pytest.mark.parametrize("program", OF_LIBRARY, ids=lambda program: program.__name__)
@pytest.mark.concurrency(strategy="exhaustive")
def test_code_of_the_library(program):
    program()


def done_callback():
    with ThreadPoolExecutor(1) as pool:
        done = []
        future = pool.submit(int)
        future.add_done_callback(done.append)
        future.result()
        assert len(done) == 1


def action_of_a_barrier():
    items = []
    barrier = threading.Barrier(2, functools.partial(items.append, 1))
    threads = [threading.Thread(target=barrier.wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert items == []
    for thread in threads:
        thread.join()


def predicate_of_a_condition():
    items = [1, 2]
    condition = threading.Condition()

    def wait():
        with condition:
            condition.wait_for(items.pop)

    thread = threading.Thread(target=wait)
    thread.start()
    before = len(items)
    after = len(items)
    thread.join()
    assert before == after


def handler_without_a_lock():
    class Handler(logging.Handler):
        count = 0

        def createLock(self):
            self.lock = None

        def emit(self, record):
            self.count += 1

    logger = logging.Logger("it")
    handler = Handler()
    logger.addHandler(handler)
    both(lambda: logger.warning("one"), lambda: logger.warning("other"))
    assert handler.count == 2


CALLED = [done_callback, action_of_a_barrier, predicate_of_a_condition, handler_without_a_lock]


@pytest.mark.parametrize("program", CALLED, ids=lambda program: program.__name__)
@pytest.mark.concurrency(strategy="exhaustive", schedules=500)
def test_called_by_the_library(program):
    program()


@pytest.mark.concurrency(strategy="exhaustive", schedules=500)
def test_called_by_the_fixture(thread_pool):
    items = []
    thread_pool.submit(items.append, 1)
    assert items == []
