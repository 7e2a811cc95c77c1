"""`Event` behaves as `threading.Event` does."""

from __future__ import annotations

import threading
import time

from pytest_interleave.control.primitives import Event
from pytest_interleave.explore import RandomWalk
from tests.driving import check, execute, executions


def test_waiting_without_time_is_a_look() -> None:
    def body() -> None:
        event = Event()
        before = time.monotonic()
        assert event.wait(0) is False
        assert time.monotonic() - before < 0.001
        event.set()
        assert event.wait(0) is True

    check(body, walks=1)


def test_an_hour_of_waiting_takes_an_hour_of_virtual_time() -> None:
    def body() -> None:
        before = time.monotonic()
        assert Event().wait(3600) is False
        assert 3600 <= time.monotonic() - before < 3601

    check(body, walks=1)


def test_clearing_at_once_does_not_keep_the_waiting_threads() -> None:
    def body() -> None:
        event, results = Event(), []
        threads = [threading.Thread(target=lambda: results.append(event.wait())) for _ in range(2)]
        for thread in threads:
            thread.start()
        # When time passes, both are waiting.
        time.sleep(1)
        event.set()
        event.clear()
        for thread in threads:
            thread.join()
        assert results == [True, True]
        assert not event.is_set()

    check(body)


def test_an_event_that_is_never_set_is_a_deadlock() -> None:
    outcome = execute(lambda: Event().wait())
    assert outcome.stuck is not None


def test_a_loop_that_only_looks_ends_when_another_thread_sets_it() -> None:
    def body() -> None:
        event = Event()
        thread = threading.Timer(1, event.set)
        thread.start()
        while not event.wait(0):
            pass
        while not event.is_set():
            pass
        thread.join()

    check(body)


def test_both_answers_of_a_look_are_seen() -> None:
    answers: set[bool] = set()

    def body() -> None:
        event = Event()
        thread = threading.Thread(target=event.set)
        thread.start()
        answers.add(event.wait(0))
        thread.join()

    for _ in executions(body, RandomWalk(1), 30):
        pass
    assert answers == {True, False}


def test_subclasses_and_instances() -> None:
    class Latch(threading.Event):
        pass

    latch = Latch()
    latch.set()
    assert isinstance(latch, Event)
    assert isinstance(latch, threading.Event)
    assert latch.wait(1)
    assert "Latch" in repr(latch)
    assert repr(Event()).startswith("<threading.Event at ")
