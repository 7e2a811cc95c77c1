"""The race because of which a thread waits forever."""

from __future__ import annotations

from queue import Queue
from threading import Condition, Semaphore

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


class Readers:
    def __init__(self):
        self.number, self.condition = 2, Condition()

    def leave(self):
        self.number -= 1  # leave
        if self.number <= 0:
            with self.condition:
                self.condition.notify_all()

    def wait(self):
        with self.condition:
            while self.number > 0:  # wait: check
                self.condition.wait()


def test_a_lost_update_of_what_a_thread_waits_for():
    def body():
        readers = Readers()
        in_threads(left=readers.leave, right=readers.leave, waits=readers.wait)

    timeline = timeline_of(body)
    assert timeline.bug == "Deadlock: lost update on Readers.number"
    assert [mark for _, mark in steps(timeline)] == ["leave", "leave", "leave"]
    # As another access to it does.
    assert timeline.help == f"hold Readers.condition around {at('leave')}, as {at('wait: check')} does"


def test_a_counter_of_threads_that_have_arrived():
    def body():
        arrived, gate = [0], Semaphore(0)

        def arrive():
            arrived[0] += 1  # arrive
            if arrived[0] == 2:
                gate.release(2)
            gate.acquire()

        in_threads(left=arrive, right=arrive)

    timeline = timeline_of(body)
    assert timeline.bug == "Deadlock: lost update on arrived[0]"
    assert [mark for _, mark in steps(timeline)] == ["arrive", "arrive", "arrive"]


def test_a_queue_that_was_not_empty():
    def body():
        queue = Queue()
        queue.put(1)

        def take():
            if not queue.empty():  # take: check
                queue.get()  # take: act

        in_threads(left=take, right=take)

    timeline = timeline_of(body)
    assert timeline.bug == "Deadlock: check-then-act race on queue"
    assert [mark for _, mark in steps(timeline)] == ["take: check", "take: act"]
    assert timeline.help == "use get_nowait() and handle queue.Empty in place of empty()"


def test_a_queue_that_nothing_is_put_in():
    def body():
        queue = Queue()
        in_threads(takes=queue.get, asks=queue.empty)

    assert timeline_of(body).bug == "Deadlock: get() on an empty queue, and no thread can put()"
