"""Calls of functions that cannot be inspected, and of functions whose results are cached."""

from __future__ import annotations

import bisect
import configparser
import copy
import functools
import heapq
import io

from ..telling import in_threads, quiet, texts
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet


def shown(timeline):
    """What the table says of the steps of the evidence."""
    numbers = {each.position + 1 for each in timeline.evidence}
    return [event.call for event in timeline.events if event.step in numbers]


class Config:
    def __init__(self):
        self.host, self.port = "a", 1

    def change(self):
        self.host = "b"
        self.port = 2


def test_a_call_that_changes_what_another_one_has_looked_up():
    def body():
        scores = [10, 20]

        def add(score):
            index = bisect.bisect(scores, score)
            scores.insert(index, score)

        in_threads(one=lambda: add(12), other=lambda: add(11))
        assert scores == sorted(scores)

    calls = [text.partition(" ")[2].partition("()")[0] for text in texts(timeline_of(body))]
    assert calls == ["calls bisect.bisect", "calls scores.insert", "calls scores.insert"]


def test_two_calls_of_a_library_that_are_not_atomic():
    def body():
        parser = configparser.ConfigParser()

        def ensure():
            if not parser.has_section("a"):
                parser.add_section("a")
                parser.has_section("a")

        in_threads(one=ensure, other=ensure)

    calls = [text.partition(".")[2] for text in texts(timeline_of(body))]
    assert calls == ["has_section()", "add_section()", "add_section()"]


def test_a_method_that_cannot_be_looked_into_is_called():
    def body():
        stream = io.BytesIO()

        def send():
            stream.write(b"1")
            stream.write(b"2")

        in_threads(one=send, other=send)
        assert stream.getvalue() == b"1212"

    timeline = timeline_of(body)
    assert texts(timeline) == [f"{thread} calls stream.write()" for thread in ("one", "other", "one")]
    assert shown(timeline) == ["write()"] * 3


def test_a_function_that_cannot_be_inspected_is_called():
    def body():
        heap = [1]

        def take():
            if heap:
                heapq.heappop(heap)

        in_threads(one=take, other=take)

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on heap"
    assert texts(timeline) == [
        "one reads [1]",
        "other calls heapq.heappop() on [1]",
        "one calls heapq.heappop() on []",
    ]
    assert shown(timeline)[1:] == ["heappop() on [1]", "heappop() on []"]


def test_a_method_under_another_name_does_not_change_its_argument():
    def body():
        seen = []
        handler = seen.append

        def work(value):
            if not seen:
                handler(value)

        in_threads(one=lambda: work([1]), other=lambda: work([2]))
        assert len(seen) == 1

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on seen"
    assert texts(timeline)[1:] == ["other calls handler() on []", "one calls handler() on [[2]]"]


def test_a_copy_is_of_the_object():
    """Not of the tables that the module `copy` has."""

    def body():
        config, copies = Config(), []
        in_threads(copies=lambda: copies.append(copy.deepcopy(config)), changes=config.change)
        (made,) = copies
        assert (made.host, made.port) in (("a", 1), ("b", 2))

    timeline = timeline_of(body)
    assert timeline.bug == "Dirty read of config by copies"
    assert texts(timeline) == [
        "changes writes Config #1.host ('a' -> 'b')",
        "copies calls copy.deepcopy()",
        "changes writes Config #1.port (1 -> 2)",
    ]


def test_a_cached_function_that_two_threads_run():
    made = []

    def body():
        made.clear()

        @functools.lru_cache
        def connect(name):
            made.append(name)
            return object()

        in_threads(one=lambda: connect("x"), other=lambda: connect("x"))
        assert made == ["x"]

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on the cache of connect()"
    assert texts(timeline) == ["one calls connect()", "other finishes its call", "one finishes its call"]
    assert timeline.help == "lru_cache lets threads run connect() at the same time: hold one lock around each call"


def test_what_a_cached_function_counts_is_no_dirty_read():
    calls = 0

    def body():
        nonlocal calls
        calls = 0

        @functools.cache
        def load(key):
            nonlocal calls
            calls += 1
            return key

        in_threads(one=lambda: load(1), other=lambda: load(1))
        assert calls == 1

    assert timeline_of(body).bug == "Check-then-act race on the cache of load()"


def test_a_container_that_is_iterated_over_has_its_name_on_each_version():
    class Room:
        def __init__(self):
            self.members = {1, 2, 3}

        def look(self):
            for _ in self.members:
                pass

        def count(self):
            return [each for each in self.members if each]

    for method in ("look", "count"):

        def body(method=method):
            room = Room()
            in_threads(looks=getattr(room, method), leaves=lambda: room.members.discard(2))

        timeline = timeline_of(body)
        assert timeline.bug == "Concurrent modification of self.members during iteration", method
        assert texts(timeline)[0] == "looks iterates {1, 2, 3}"


def test_objects_without_weak_references_have_numbers():
    class Node:
        __slots__ = ("following",)

        def __init__(self, following):
            self.following = following

    class Stack:
        head = None

        def push(self):
            node = Node(self.head)
            self.head = node

    def body():
        stack = Stack()
        stack.push()
        in_threads(one=stack.push, other=stack.push)
        assert stack.head.following.following is not None

    assert texts(timeline_of(body)) == [
        "one reads Node #1",
        "other writes Node #1 -> Node #2",
        "one writes Node #2 -> Node #3",
    ]
