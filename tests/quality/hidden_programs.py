"""Programs that look into a container, or change it, where the code does not say so: the order matters in each.

Every one of them fails in some schedule. A search that took such a step for one that touches nothing would run one
schedule and call that all there are.
"""

from __future__ import annotations

import functools
import heapq
import json
import threading
from concurrent.futures import ThreadPoolExecutor

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
}


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
