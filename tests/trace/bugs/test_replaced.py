"""Changes of an object that a thread replaces meanwhile, and changes that another thread deletes unseen."""

from __future__ import annotations

from threading import Lock

import pytest

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


class Pool:
    def __init__(self):
        self.idle = ["a"]
        self.lock = Lock()

    def check(self):
        with self.lock:
            idle = self.idle
            self.idle = []  # check: empty
        good = [connection for connection in idle if connection]
        with self.lock:
            self.idle = good  # check: good

    def release(self, connection):
        with self.lock:
            self.idle.append(connection)  # release


def test_what_is_added_between_two_assignments_is_lost():
    def body():
        pool = Pool()
        in_threads(checks=pool.check, releases=lambda: pool.release("b"))
        assert len(pool.idle) == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Pool.idle"
    assert steps(timeline) == [
        ("checks writes ['a'] -> []", "check: empty"),
        ("releases calls self.idle.append() on []", "release"),
        ("checks writes ['b'] -> ['a']", "check: good"),
    ]
    assert timeline.help == (
        f"hold Pool.lock from {at('check: empty')} to {line('check: good')}, without releasing it in between"
    )


class Buffer:
    def __init__(self):
        self.items, self.sent, self.counts = [0], [], {"a": 1}

    def add(self):
        self.items.append(1)  # add

    def flush_and_swap(self):
        batch = self.items  # flush_and_swap: read
        self.items = []  # flush_and_swap: empty
        self.sent.extend(batch)

    def flush_and_clear(self):
        if self.items:  # flush_and_clear: check
            batch = self.items[:]  # flush_and_clear: read
            self.items.clear()  # flush_and_clear: empty
            self.sent.extend(batch)

    def flush_and_delete(self):
        batch = tuple(self.items)  # flush_and_delete: read
        del self.items[:]  # flush_and_delete: empty
        self.sent.extend(batch)

    def count(self, key):
        self.counts[key] = self.counts.get(key, 0) + 1  # count

    def take(self):
        taken = dict(self.counts)  # take: read
        self.counts = {}  # take: empty
        self.sent.append(taken)


@pytest.mark.parametrize(
    ("flush", "what", "deletes"),
    [
        ("flush_and_clear", "self.items", "calls self.items.clear() on [0, 1]"),
        ("flush_and_delete", "self.items", "deletes [0, 1]"),
    ],
)
def test_what_is_added_before_a_container_is_emptied_is_lost(flush, what, deletes):
    def body():
        buffer = Buffer()
        in_threads(flushes=getattr(buffer, flush), adds=buffer.add)
        getattr(buffer, flush)()
        assert sorted(buffer.sent) == [0, 1]

    timeline = timeline_of(body)
    assert timeline.bug == f"Lost update on {what}"
    assert steps(timeline) == [
        ("flushes reads [0]", f"{flush}: read"),
        ("adds calls self.items.append() on [0]", "add"),
        (f"flushes {deletes}", f"{flush}: empty"),
    ]
    first = "check" if flush == "flush_and_clear" else "read"
    assert timeline.help == (
        f"make read and write one atomic step: hold one lock from {at(f'{flush}: {first}')} "
        f"to {line(f'{flush}: empty')}, and at {at('add')}"
    )


def test_an_item_that_is_assigned_before_its_dictionary_is_replaced_is_lost():
    def body():
        buffer = Buffer()
        in_threads(takes=buffer.take, counts=lambda: buffer.count("b"))
        assert "b" in buffer.counts or "b" in buffer.sent[0]

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Buffer.counts"
    assert steps(timeline) == [
        ("takes reads {'a': 1}", "take: read"),
        ("counts sets self.counts['b'] to 1", "count"),
        ("takes writes {'a': 1, 'b': 1} -> {}", "take: empty"),
    ]


def test_a_list_that_has_been_replaced_is_changed():
    def body():
        buffer = Buffer()
        in_threads(flushes=buffer.flush_and_swap, adds=buffer.add)
        buffer.flush_and_swap()
        assert sorted(buffer.sent) == [0, 1]

    timeline = timeline_of(body)
    assert timeline.bug == "Stale read of Buffer.items by adds"
    assert steps(timeline) == [
        ("adds reads [0]", "add"),
        ("flushes writes [0] -> []", "flush_and_swap: empty"),
        ("adds calls self.items.append() on [0]", "add"),
    ]
    assert timeline.help == (
        f"make read and write one atomic step: hold one lock from {at('flush_and_swap: read')} "
        f"to {line('flush_and_swap: empty')}, and at {at('add')}"
    )


def test_a_thread_that_replaces_what_it_has_not_read_loses_no_update():
    def body():
        buffer = Buffer()

        def reset():
            buffer.items = []  # reset

        in_threads(adds=buffer.add, resets=reset)
        assert buffer.items == [1]

    assert "Lost update" not in timeline_of(body).bug
