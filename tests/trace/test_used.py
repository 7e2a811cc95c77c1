"""Settings and the like that threads use are shown between steps; lines of the library that runs threads are not."""

from __future__ import annotations

import threading

from pytest_interleave.control import current_unit
from pytest_interleave.control.steps import READ, WRITE, Thing, kinds
from pytest_interleave.control.system._uses import note
from pytest_interleave.explore import RandomWalk
from pytest_interleave.trace import Event, interleaving_table
from pytest_interleave.trace._used import with_skipped, with_uses

from .telling import in_threads, quiet, told

pytestmark = quiet


def event(step, thread=1, **more):
    return Event(step, thread, "read", "Box.value", "here.py:1", "work", "x = y", "", **more)


def uses(timeline):
    """What is used, in order."""
    return [(timeline.threads[event.thread], event.what, event.kind) for event in timeline.events if event.uses]


def use(way, name="the locale"):
    """Use a setting of the process, which is no step."""
    unit = current_unit()
    note(unit, Thing("setting", ("setting", name), name), way, "set" if way == WRITE else "asked for")


def test_what_threads_do_to_one_thing_is_shown():
    def body():
        def work():
            use(READ), use(WRITE)

        in_threads(left=work, right=lambda: (use(READ), use(WRITE, "its own")))

    timeline = told(body).timeline
    # What one thread alone uses is not.
    assert uses(timeline) == [
        ("left", "the locale", "asked for"),
        ("left", "the locale", "set"),
        ("right", "the locale", "asked for"),
    ]
    table = interleaving_table(timeline, 120)
    assert "asked for: the locale" in table
    assert "threading.py" not in table


def test_what_threads_only_read_is_not_shown():
    assert uses(told(lambda: in_threads(left=lambda: use(READ), right=lambda: use(READ))).timeline) == []


def test_under_a_common_lock_the_lock_is_enough():
    def body():
        lock = threading.Lock()

        def work():
            with lock:
                use(WRITE)

        in_threads(left=work, right=work)

    timeline = told(body).timeline
    assert uses(timeline) == []
    assert {event.kind for event in timeline.events} >= {"acquire", "release"}


def preempted_at_a_start(target):
    """The events of executions in which the test's own thread may be preempted when it has started another one."""

    def body():
        done = []
        # A list that two functions have may be shared, so that the thread can be preempted there.
        assert callable(lambda: done)
        thread = threading.Thread(target=target, name="other")
        thread.start()
        done.append(1)
        target()
        thread.join()

    shown = [told(body, RandomWalk(seed)).timeline.events for seed in range(6)]
    return [event for events in shown for event in events if event.switch]


def test_a_context_switch_to_a_thread_that_begins_is_marked_where_that_one_does_something():
    switches = preempted_at_a_start(lambda: (use(READ), use(WRITE)))
    assert {(event.kind, event.place.partition(":")[0]) for event in switches} == {
        ("asked for", "tests/trace/test_used.py")
    }


def test_a_context_switch_to_a_thread_that_shows_nothing_has_no_place():
    switches = preempted_at_a_start(int)
    assert {(event.kind, event.place, event.source) for event in switches} == {(kinds.BEGIN, "", "")}


def test_a_use_is_after_the_step_with_its_number():
    use = event(2, uses=True)
    first, second, third = event(1), event(2), event(3)
    assert with_uses([first, second, third], [use]) == [first, second, use, third]


def test_steps_that_are_left_out_are_counted_before_the_next_one():
    events = with_skipped([event(3), event(4), event(9)], [0, 1, 2, 3, 5, 6, 8])
    assert [each.skipped for each in events] == [2, 0, 2]
