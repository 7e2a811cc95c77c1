"""Queues, futures and pools of the standard library: steps on their own locks are calls of their methods."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue

from pytest_interleave.trace._table import interleaving_table

from ..telling import in_threads, quiet, texts
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
