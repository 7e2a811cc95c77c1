"""Orders of accesses without a preemption: something is read, or replaced, before a thread that was started has run."""

from __future__ import annotations

from queue import Queue
from threading import Condition, Thread

from ..telling import in_threads, quiet, steps, told

pytestmark = quiet


class Worker:
    def __init__(self):
        self.jobs, self.done = Queue(), []
        self.thread = Thread(target=self.run, name="works")
        self.thread.start()

    def run(self):
        while (job := self.jobs.get()) is not None:
            self.done.append(job)  # worker: write

    def stop(self):
        self.jobs.put(None)
        self.thread.join()


def plain(body):
    """The timeline of the schedule without preemptions."""
    timeline = told(body).timeline
    # A report names such a bug only if another schedule passes.
    assert timeline.is_plain
    assert not timeline.is_certain
    return timeline


def test_an_assertion_before_the_thread_has_run():
    def body():
        worker = Worker()
        try:
            worker.jobs.put(1)
            assert worker.done == [1]  # assertion: read
        finally:
            worker.stop()

    timeline = plain(body)
    assert timeline.bug == "Order violation: main reads self.done before works writes it"
    assert [mark for _, mark in steps(timeline)] == ["assertion: read", "worker: write"]
    assert timeline.help == "make the order explicit: with an Event, a queue or join()"


def test_a_copy_before_the_thread_has_run():
    def body():
        worker = Worker()
        worker.jobs.put(1)
        got = list(worker.done)  # copy: read
        worker.stop()
        assert got == [1]

    timeline = plain(body)
    assert timeline.bug == "Order violation: main reads self.done before works writes it"
    assert [mark for _, mark in steps(timeline)] == ["copy: read", "worker: write"]


def test_a_value_that_is_read_again_later():
    def body():
        worker = Worker()
        worker.jobs.put(1)
        early = list(worker.done)
        worker.stop()
        late = list(worker.done)
        assert early + late == [1, 2]

    assert plain(body).bug == ""


def test_a_variable_of_a_loop_that_changes_before_the_thread_has_run():
    def body():
        out, threads = [], []
        for number in range(2):  # loop: write
            thread = Thread(target=lambda: out.append(number), name=f"appends-{number}")  # noqa: B023  # loop: read
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()
        assert sorted(out) == [0, 1]

    timeline = plain(body)
    assert timeline.bug in (
        "Order violation on closure variable number",
        "Order violation: main changes closure variable number before appends-0 reads it",
    )
    assert steps(timeline) == [("main writes 0 -> 1", "loop: write"), ("appends-0 reads 1", "loop: read")]


def test_a_value_that_is_first_set_after_the_thread_was_started():
    def body():
        box, out = [], []
        thread = Thread(target=lambda: out.append(list(box)), name="copies")
        thread.start()
        box.append(1)
        thread.join()
        assert out == [[]]

    assert plain(body).bug == ""


def test_a_wait_for_tasks_before_they_have_begun():
    def body():
        condition, state, out = Condition(), {"count": 0}, []

        def work():
            with condition:
                state["count"] += 1
            out.append(1)
            with condition:
                state["count"] -= 1
                condition.notify_all()

        seen = []

        def wait():
            with condition:
                condition.wait_for(lambda: state["count"] == 0)
            seen.append(len(out))

        in_threads(waits=wait, works=work)
        assert seen == [1]

    assert plain(body).bug == "Order violation: waits reads out before works writes it"


def test_threads_that_run_the_same_function():
    def body():
        box = [0, 0]

        def work():
            box[0] += 1
            box[1] = box[0]

        in_threads(one=work, other=work)
        assert box == [1, 1]

    assert "Order violation" not in plain(body).bug


def test_reads_by_several_threads():
    def body():
        box, out = [0], []

        def look():
            out.append(box[0])

        def look_too():
            out.append(box[0])

        def write():
            box[0] = 1

        in_threads(one=look, other=look_too, writes=write)
        assert out == [1, 1]

    assert plain(body).bug == ""
