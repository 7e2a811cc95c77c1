"""Events that are cleared after they were set."""

from __future__ import annotations

from threading import Event

from ..telling import in_threads, quiet, texts
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet


class Worker:
    def __init__(self):
        self.wake = Event()
        self.jobs = []
        self.idle = False

    def submit(self):
        self.jobs.append(1)
        self.wake.set()

    def run(self):
        if not self.jobs:
            self.wake.clear()
            assert self.wake.wait(timeout=1)

    def look(self):
        if not self.wake.is_set():
            self.idle = True
        self.wake.clear()


def test_a_wait_in_vain_after_the_event_was_cleared():
    def body():
        worker = Worker()
        in_threads(runs=worker.run, submits=worker.submit)

    timeline = timeline_of(body)
    assert timeline.bug == "Lost wake-up on Event: cleared after it was set"
    assert texts(timeline) == [
        "submits sets Event",
        "runs clears Event",
        "runs waits for Event, timed out",
    ]
    assert timeline.help == "clear the event before you check what it announces, not after that"


def test_an_event_that_is_cleared_after_its_check():
    def body():
        worker = Worker()
        in_threads(looks=worker.look, submits=worker.submit)
        assert worker.wake.is_set() or not worker.idle

    assert timeline_of(body).bug == "Lost wake-up on Event: cleared after it was set"


def test_an_event_that_the_failure_does_not_depend_on():
    def body():
        worker, other = Worker(), Worker()

        def work():
            left = len(other.jobs)
            worker.wake.clear()
            other.jobs[:] = [0] * (left + 1)

        def interrupt():
            worker.wake.set()
            other.jobs[:] = [0] * (len(other.jobs) + 1)

        in_threads(one=work, other=interrupt)
        worker.wake.is_set()
        assert len(other.jobs) == 2

    assert "Event" not in timeline_of(body).bug
