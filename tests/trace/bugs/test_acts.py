"""What threads do after a check, with what they have read, and before another thread assigns what they read."""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from queue import Queue
from threading import Event, Lock

import pytest

from pytest_interleave.control.interpreter._affinity import has_gil

from ..telling import Marks, in_threads, quiet, steps, texts
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


class Service:
    def __init__(self):
        self.queue, self.runs = Queue(), True

    def submit(self):
        if self.runs:  # submit: check
            self.queue.put(1)  # submit: act

    def stop(self):
        self.runs = False  # stop
        self.queue.put(None)


def test_a_queue_that_is_used_after_a_check():
    def body():
        service = Service()
        in_threads(submits=service.submit, stops=service.stop)
        left = [service.queue.get() for _ in range(service.queue.qsize())]
        assert left[-1] is None

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on Service.runs"
    assert steps(timeline) == [
        ("submits reads True", "submit: check"),
        ("stops writes True -> False", "stop"),
        ("submits calls self.queue.put()", "submit: act"),
    ]
    assert timeline.help == (
        f"make check and act one atomic step: hold one lock from {at('submit: check')} to {line('submit: act')}, "
        f"and at {at('stop')}"
    )


def test_an_event_that_is_set_after_a_check():
    def body():
        event, first = Event(), []

        def run():
            if not event.is_set():  # event: check
                event.set()  # event: act
                first.append(1)

        in_threads(left=run, right=run)
        assert len(first) == 1

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on Event"
    assert {mark for _, mark in steps(timeline)} == {"event: check", "event: act"}


user = {"name": None}


def test_a_value_that_is_saved_and_restored():
    def body():
        user["name"] = None

        def handle(name):
            before = user["name"]  # user: save
            user["name"] = name  # user: set
            assert user["name"] == name  # user: use
            user["name"] = before  # user: restore

        in_threads(left=lambda: handle("left"), right=lambda: handle("right"))

    timeline = timeline_of(body)
    assert timeline.bug == "Atomicity violation on user['name']"
    # The assertion has read it, too; the write does not depend on that.
    assert steps(timeline)[0][1] == "user: save"


@pytest.mark.skipif(not has_gil(), reason="there, only the thread that made an object frees it")
def test_a_call_of_a_weak_reference():
    class Thing:
        name = "a"

    def body():
        things = [Thing()]
        reference = weakref.ref(things[0])

        def use():
            if reference() is not None:
                reference().name.upper()

        in_threads(uses=use, drops=things.clear)

    assert timeline_of(body).bug in ("Check-then-act race on reference()", "Check-then-act race on things")


def test_a_list_that_is_compared():
    def body():
        fired = []
        thread = threading.Thread(target=fired.append, args=[1], name="fires")
        thread.start()
        assert fired == []  # fired: look

    timeline = timeline_of(body)
    assert timeline.bug.endswith(" fires changes fired before main reads it")
    assert steps(timeline)[-1][1] == "fired: look"


def test_a_dictionary_that_is_emptied_needs_more_than_an_atomic_call():
    def body():
        cache, value = {}, [1]

        def fill():
            if "a" not in cache:
                cache["a"] = value[0]

        def change():
            value[0] = 2
            cache.clear()

        in_threads(fills=fill, changes=change)
        assert cache.get("a", 2) == 2

    assert "setdefault" not in timeline_of(body).help


def keeps_first_item():
    """Whether a `defaultdict` keeps an item that was set while its factory ran, as the latest versions do."""
    table = defaultdict(lambda: table.__setitem__("a", 1) or 2)
    return table["a"] == 1


@pytest.mark.skipif(keeps_first_item(), reason="there, the item of the first thread stays")
def test_a_factory_that_runs_within_the_line_is_not_locked_besides():
    def body():
        def make():
            made = []
            return made  # noqa: RET504  # factory

        table = defaultdict(make)

        def add():
            table["a"].append(1)  # table: use

        in_threads(left=add, right=add)
        assert len(table["a"]) == 2

    timeline = timeline_of(body)
    assert timeline.bug.startswith("Concurrent modification of ")
    assert at("factory") not in timeline.help
    assert at("table: use") in timeline.help


class Ticker:
    def __init__(self):
        self.value, self.start = 0, Event()

    def run(self):
        self.start.wait()
        self.value += 1  # ticker: write


def test_a_read_before_a_thread_that_waited_adds():
    def body():
        ticker = Ticker()
        thread = threading.Thread(target=ticker.run, name="ticks")
        thread.start()
        ticker.start.set()
        seen = ticker.value  # ticker: look
        thread.join()
        assert seen == 1

    timeline = timeline_of(body)
    assert timeline.bug == "Order violation: main reads Ticker.value before ticks writes it"
    assert steps(timeline) == [("main reads 0", "ticker: look"), ("ticks writes 0 -> 1", "ticker: write")]


class Job:
    def __init__(self):
        self.state, self.lock = "new", Lock()

    def begin(self):
        with self.lock:
            if self.state == "new":
                self.state = "runs"  # job: begin

    def finish(self):
        with self.lock:
            if self.state == "runs":  # job: finish
                self.state = "stopped"


def test_two_methods_under_one_lock_in_the_other_order():
    def body():
        job = Job()
        in_threads(begins=job.begin, finishes=job.finish)
        assert job.state == "stopped"

    timeline = timeline_of(body)
    assert timeline.bug == "Order violation: finishes reads Job.state before begins writes it"
    assert [mark for _, mark in steps(timeline)] == ["job: finish", "job: begin"]


class Text:
    def __init__(self):
        self.text, self.lock = "ab", Lock()

    def undo(self):
        with self.lock:
            self.text = self.text[:-1]  # text: undo

    def look(self):
        with self.lock:
            assert self.text in ("ab", "")  # text: look


def test_what_is_half_done_between_two_uses_of_a_lock():
    def body():
        text = Text()

        def undo_both():
            for _ in range(2):  # text: loop
                text.undo()  # text: call

        in_threads(undoes=undo_both, looks=text.look)

    timeline = timeline_of(body)
    assert timeline.bug == "Dirty read of Text.text by looks"
    assert texts(timeline)[:2] == ["undoes writes 'ab' -> 'a'", "looks reads 'a'"]
    assert timeline.help == (
        f"make both uses one atomic step: hold one lock from {at('text: loop')} to {line('text: call')}"
    )
