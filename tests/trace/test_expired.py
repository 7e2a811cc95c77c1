"""The wait after which a thread failed because its time limit expired is in the table, and the task it waited for."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from pytest_interleave.trace import interleaving_table

from .telling import Marks, in_threads, quiet, told, told_of_finding

pytestmark = quiet
LINES = Marks(__file__)


def rows_with(body, text):
    """What the rows of the table with this text do."""
    table = interleaving_table(told(body).timeline, 120)
    return [line[5:].strip().partition("  ")[0] for line in table.splitlines() if text in line]


def waits_for_an_event():
    assert threading.Event().wait(1)


def waits_for_a_notification():
    condition = threading.Condition()
    with condition:
        assert condition.wait(1)


def waits_for_a_predicate():
    condition = threading.Condition()
    with condition:
        assert condition.wait_for(lambda: False, 1)


def gets_from_a_queue():
    queue.Queue().get(timeout=1)


def gets_from_a_simple_queue():
    queue.SimpleQueue().get(timeout=1)


def waits_for_a_result():
    Future().result(timeout=1)


def acquires_a_semaphore():
    assert threading.Semaphore(0).acquire(timeout=1)


WAITS = {
    waits_for_an_event: "wait (timed out)",
    waits_for_a_notification: "wait (timed out)",
    waits_for_a_predicate: "wait (timed out)",
    gets_from_a_queue: "get(): timed out",
    gets_from_a_simple_queue: "get (timed out)",
    waits_for_a_result: "result(): timed out",
    acquires_a_semaphore: "acquire (timed out)",
}


@pytest.mark.parametrize(("wait", "text"), WAITS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_a_wait_that_no_other_thread_affects_is_shown_if_the_thread_failed_after_it(wait, text):
    assert rows_with(lambda: in_threads(left=wait, right=int), "timed out") == [text]


def caught(wait):
    """The wait in a thread that does not fail."""

    def work():
        with pytest.raises((AssertionError, TimeoutError)):
            wait()

    return work


@pytest.mark.parametrize("wait", [waits_for_an_event, waits_for_a_result], ids=lambda wait: wait.__name__)
def test_a_wait_of_a_thread_that_did_not_fail_is_not_shown(wait):
    assert rows_with(lambda: in_threads(left=caught(wait), right=int), "timed out") == []


def test_only_the_last_of_many_waits_is_shown():
    def body():
        counts = [0]

        def poll():
            ready = threading.Event()
            for _ in range(20):
                if ready.wait(0.1):
                    return
                counts[0] += 1
            raise RuntimeError("gave up")

        def other():
            counts[0] += 1

        in_threads(left=poll, right=other)

    assert rows_with(body, "timed out") == ["wait (timed out)"]


def test_a_wait_is_shown_however_much_comes_after_it():
    class Box:
        value = 0

    def body():
        stop, box = threading.Event(), Box()

        def work():
            box.value += 1
            stop.wait()

        thread = threading.Thread(target=work, name="left", daemon=True)
        thread.start()
        thread.join(1)
        for _ in range(40):
            box.value += 1
            box.value -= 1
        assert not thread.is_alive()

    assert rows_with(body, "timed out")[0].startswith("main joins left (timed out)")


def test_the_waits_of_at_most_three_threads_are_shown():
    bodies = {f"thread{number}": waits_for_an_event for number in range(10)}
    shown = interleaving_table(told(lambda: in_threads(**bodies)).timeline, 120)
    assert shown.count("timed out") == 3


def test_a_step_that_is_shown_is_not_counted_as_a_private_one():
    failed, passed = (
        told(lambda: in_threads(left=work, right=int)).timeline
        for work in (lambda: waits_for_an_event(), caught(waits_for_an_event))
    )
    assert failed.expired
    assert not passed.expired
    assert failed.private == passed.private - 1


def test_the_table_and_the_evidence_give_a_lock_the_same_number():
    def body():
        first, second, third = threading.Lock(), threading.Lock(), threading.Lock()

        def take(one, other):
            with one:
                assert other.acquire(timeout=2)
                other.release()

        def later():
            with third, second, first:
                pass

        in_threads(left=lambda: take(first, second), right=lambda: take(second, first), third=later)

    found = told_of_finding(body).timeline
    evidence = {each.position + 1: each.text for each in found.evidence}
    named = {event.step: event.what.partition(" (")[0] for event in found.events if event.step in evidence}
    assert len(named) == len(evidence) == 2
    assert all(name in evidence[step] for step, name in named.items())


# -- the task --


def task(gate):
    gate.wait(60)  # in the task


class Job:
    def run(self, gate):
        task(gate)


@pytest.mark.parametrize("method", ["result", "exception"])
def test_the_task_that_has_not_ended_is_named(method):
    def body():
        gate = threading.Event()
        pool = ThreadPoolExecutor(1, thread_name_prefix="pool")
        try:
            pool.submit(int).result(1)
            future = pool.submit(Job().run, gate)
            if method == "result":
                future.result(1)  # result
            else:
                future.exception(1)  # exception
        finally:
            gate.set()
            pool.shutdown()

    at, where = (f"tests/trace/{LINES.at(mark)}" for mark in (method, "in the task"))
    text = f"main's {method}() at {at} timed out: pool_0 still ran the task Job.run(), at {where}."
    assert told(body).timeline.notes == (text,)


def test_of_a_task_that_never_does_a_step_the_place_is_said():
    def body():
        gate = threading.Event()
        future = Future()

        def work():
            future.set_running_or_notify_cancel()
            gate.wait()  # never

        threading.Thread(target=work, name="runs", daemon=True).start()
        future.result(1)

    (note,) = told(body).timeline.notes
    assert note.endswith(f"timed out: runs still ran its task, at tests/trace/{LINES.at('never')}.")


def test_a_function_without_a_name_is_not_named():
    def body():
        gate = threading.Event()
        pool = ThreadPoolExecutor(1, thread_name_prefix="pool")
        try:
            pool.submit(lambda: gate.wait(60)).result(1)
        finally:
            gate.set()
            pool.shutdown()

    (note,) = told(body).timeline.notes
    assert "pool_0 still ran its task, at tests/trace/" in note


def test_of_a_future_that_no_thread_works_for_nothing_is_said():
    assert told(waits_for_a_result).timeline.notes == ()


def test_of_a_task_that_waits_in_the_queue_nothing_is_said():
    def body():
        gate = threading.Event()
        pool = ThreadPoolExecutor(1)
        try:
            pool.submit(gate.wait, 60)
            pool.submit(int).result(1)
        finally:
            gate.set()
            pool.shutdown()

    assert told(body).timeline.notes == ()
