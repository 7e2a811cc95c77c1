"""What helps against a bug: where a lock must be held, and that no thread waits for another one meanwhile."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from threading import Condition, Event, Lock, Thread

import pytest

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


class Box:
    def __init__(self):
        self.lock = Lock()
        self.items = [1]
        self.count = 0


# -- waits between the accesses --


def test_a_wait_at_the_condition_between_check_and_act():
    class Room(Box):
        def __init__(self):
            super().__init__()
            self.condition = Condition()

        def enter(self):
            with self.condition:
                if self.count == 0:
                    self.condition.wait(1)  # room: wait
                    self.count = 1

        def fill(self):
            with self.condition:
                self.count = 5
                self.condition.notify()

    def body():
        room = Room()
        in_threads(fills=room.fill, enters=room.enter)
        assert room.count == 5

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on Room.count"
    assert timeline.help == f"check again after the wait at {at('room: wait')}, and act under the same lock"


@pytest.mark.parametrize("is_guarded", [False, True])
def test_a_thread_that_waits_for_another_one_between_its_accesses(is_guarded):
    def body():
        box, done = Box(), Event()

        def add():
            count = box.count
            done.wait()
            box.count = count + 1

        def count():
            if is_guarded:
                with box.lock:
                    box.count += 1
            else:
                box.count += 1
            done.set()

        in_threads(adds=add, counts=count)
        assert box.count == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Box.count"
    assert timeline.help == ""


def test_a_thread_that_joins_another_one_between_its_accesses():
    def body():
        box, ready = Box(), Event()

        def add():
            ready.set()
            box.count += 1

        thread = Thread(target=add)
        thread.start()
        ready.wait()
        count = box.count
        thread.join()
        box.count = count + 1
        assert box.count == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Box.count"
    assert timeline.help == ""


# -- locks that the lines take --


def test_a_lock_that_a_function_between_the_accesses_takes():
    class Log(Box):
        def write(self):
            with self.lock:  # log: lock
                self.items.append(2)

        def add(self):
            count = self.count  # log: read
            self.write()
            self.count = count + 1  # log: write

        def double(self):
            with self.lock:
                self.count += 1

    def body():
        log = Log()
        in_threads(adds=log.add, doubles=log.double)
        assert log.count == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Log.count"
    assert timeline.help == (
        f"hold Log.lock from {at('log: read')} to {line('log: write')}, and make it an RLock: "
        f"{at('log: lock')} takes it as well"
    )


# -- several calls of one function --


def test_a_check_in_an_earlier_call_is_not_one_for_a_later_call():
    class Batch(Box):
        def __init__(self):
            super().__init__()
            self.items, self.sent = [], []

        def add(self, item):
            with self.lock:
                self.items.append(item)  # batch: append
                if len(self.items) > 3:  # batch: check
                    self.sent.append(self.items)

        def flush(self):
            items, self.items = self.items, []  # batch: flush
            self.sent.append(list(items))

    def body():
        batch, ready = Batch(), Event()

        def work():
            batch.add(1)
            ready.set()
            batch.add(2)

        def flush():
            ready.wait()
            batch.flush()

        in_threads(adds=work, flushes=flush)
        assert sorted(each for items in (*batch.sent, batch.items) for each in items) == [1, 2]

    timeline = timeline_of(body)
    assert timeline.bug == "Inconsistent reads of Batch.items"
    assert [mark for _, mark in steps(timeline)] == ["batch: append", "batch: flush", "batch: check"]
    assert timeline.help == (
        f"hold Batch.lock at {at('batch: flush')}, too, "
        f"as adds does from {at('batch: append')} to {line('batch: check')}"
    )


# -- locks that are held already --


def test_each_call_makes_a_lock_of_its_own():
    def body():
        box = Box()

        def add():
            with Lock():  # own: lock
                box.count += 1

        in_threads(one=add, other=add)
        assert box.count == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on Box.count"
    assert timeline.help == f"use one lock for both threads: {at('own: lock')} takes a different one in each"


@dataclass(order=True)
class Order:
    price: int


def test_a_call_into_c_code_that_holds_a_lock():
    def body():
        bids, lock = [Order(-9)], Lock()

        def add():
            with lock:
                heapq.heappush(bids, Order(-11))  # heap: push
                heapq.heappop(bids)

        def look():
            assert bids[0].price == -9  # heap: look

        in_threads(looks=look, adds=add)

    timeline = timeline_of(body)
    # Nothing of it is in the code that `dataclass` has generated.
    assert {mark for _, mark in steps(timeline)} <= {"heap: push", "heap: look"}
    assert timeline.help == f"hold lock at {at('heap: look')}, too, as adds does around {at('heap: push')}"
