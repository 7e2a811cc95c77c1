"""Queues, futures and pools of the standard library: steps on their own locks are calls of their methods."""

from __future__ import annotations

from collections import ChainMap, Counter, UserDict
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue
from threading import Event, Lock

import pytest

from pytest_interleave.trace._table import interleaving_table

from ..telling import Marks, in_threads, quiet, steps, texts
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet


class Sum:
    def __init__(self):
        self.total = 0

    def add(self, number):
        total = self.total
        self.total = total + number
        return number


def test_the_row_of_a_queue_has_its_method():
    def body():
        jobs, done = Queue(), Sum()

        def work():
            done.add(jobs.get())

        jobs.put(1)
        jobs.put(2)
        in_threads(one=work, other=work)
        assert done.total == 3

    timeline = timeline_of(body)
    table = interleaving_table(timeline)
    (row, *_) = (row for row in table.splitlines() if row.endswith("done.add(jobs.get())"))
    assert " get() " in row
    assert "acquire" not in table


def test_the_row_of_a_future_has_its_method():
    def body():
        done = Sum()
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(done.add, number) for number in (1, 2)]
            numbers = [future.result() for future in futures]
        assert done.total == sum(numbers)

    timeline = timeline_of(body)
    called = {event.within for event in timeline.events if event.thread == 0}
    assert {"submit()", "result()", "shutdown()"} <= called
    # That a pool starts a thread stands for itself.
    assert not any(event.within for event in timeline.events if event.kind in ("start", "join"))
    assert "Condition" not in interleaving_table(timeline)


def test_check_then_act_on_a_future():
    def body():
        answer = Future()

        def finish():
            if not answer.done():
                answer.set_result(1)

        in_threads(one=finish, other=finish)

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on answer"
    assert texts(timeline) == [
        "one calls answer.done()",
        "other calls answer.set_result()",
        "one calls answer.set_result()",
    ]


# -- pools --


def test_the_order_of_tasks():
    def body():
        out = []
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(out.append, [1, 2]))
        assert out == [1, 2]

    timeline = timeline_of(body)
    assert timeline.bug.startswith("Race condition on a list")
    calls = [text.partition(" ") for text in texts(timeline)]
    assert [call for _, _, call in calls] == ["calls append() on []", "calls append() on [2]"]
    assert len({thread for thread, _, _ in calls}) == 2


def test_a_task_that_starts_before_it_is_canceled():
    def body():
        with ThreadPoolExecutor(1, thread_name_prefix="p") as pool:
            gate = Event()
            pool.submit(gate.wait)
            task = pool.submit(int)
            gate.set()
            assert task.cancel()

    timeline = timeline_of(body)
    assert timeline.bug == "Order violation: p_0 starts a task before main cancels it"
    assert texts(timeline) == ["p_0 starts a task", "main calls task.cancel()"]


def test_no_name_of_a_part_of_a_pool():
    def body():
        box = [0]

        def increment(_):
            box[0] += 1

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(increment, range(4)))
        assert box == [4]

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on box[0]"
    assert not any("ueue" in text for text in texts(timeline))


# -- mappings --


class Locked(dict):
    def __init__(self, **items):
        super().__init__(**items)
        self.lock = Lock()

    def __contains__(self, key):
        with self.lock:
            return dict.__contains__(self, key)

    def __getitem__(self, key):
        with self.lock:
            return dict.__getitem__(self, key)


@pytest.mark.parametrize("make", [UserDict, lambda **items: ChainMap(items)])
def test_a_check_of_a_mapping_before_its_use(make):
    def body():
        table = make(key=1)

        def use():
            if "key" in table:  # mapping: check
                return table["key"]
            return None

        def drop():
            del table["key"]  # mapping: drop

        in_threads(uses=use, drops=drop)

    timeline = timeline_of(body)
    assert timeline.bug.startswith("Check-then-act race on ")
    assert texts(timeline)[0] == "uses checks, found"
    first, *_ = steps(timeline)
    assert first[1] == "mapping: check"
    assert "mapping: drop" in [mark for _, mark in steps(timeline)]
    at = Marks(__file__).at
    assert f"hold one lock from {at('mapping: check')} to " in timeline.help


def test_a_check_by_a_method_of_the_program_that_calls_that_of_a_dict():
    def body():
        table = Locked(key=1)

        def use():
            return table["key"] if "key" in table else None

        def drop():
            table.pop("key")

        in_threads(uses=use, drops=drop)

    assert timeline_of(body).bug.startswith("Check-then-act race on ")


def increment(table):
    table["key"] += 1


def increment_by_get(table):
    table["key"] = table.get("key", 0) + 1


def increment_in_two_steps(table):
    value = table["key"]
    table["key"] = value + 1


@pytest.mark.parametrize("work", [increment, increment_by_get, increment_in_two_steps])
def test_a_lost_update_of_an_item_that_the_mapping_looks_for_itself(work):
    def body():
        table = UserDict(key=0)
        in_threads(one=lambda: work(table), other=lambda: work(table))
        assert table["key"] == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on item 'key' of a dict"
    assert texts(timeline) == ["one reads 0", "other writes 0 -> 1", "one writes 1 -> 1"]
    assert timeline.help.startswith("make read and write one atomic step: ")


@pytest.mark.parametrize("items", [{"key": 0}, {}])
def test_the_update_of_a_counter(items):
    def body():
        counts = Counter(items, other=1)
        in_threads(one=lambda: counts.update(key=1), other=lambda: counts.update(key=1))
        assert counts["key"] == 2

    assert timeline_of(body).bug == "Lost update on item 'key' of a Counter"


def test_a_check_within_a_call():
    def body():
        table = UserDict()
        found = []

        def make():
            found.append(table.setdefault("key", object()))

        in_threads(one=make, other=make)
        assert found[0] is found[1]

    assert timeline_of(body).bug == "Check-then-act race on item 'key' of a dict"


def test_a_check_within_a_call_that_takes_an_item():
    def body():
        table = UserDict(key=1)

        def take():
            table.pop("key", None)

        in_threads(one=take, other=take)

    assert timeline_of(body).bug == "Check-then-act race on item 'key' of a dict"
