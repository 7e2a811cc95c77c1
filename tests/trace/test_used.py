"""Files and the like that threads use are shown between their steps; lines of the library that runs threads are not."""

from __future__ import annotations

import threading

from pytest_interleave.control.steps import kinds
from pytest_interleave.explore import RandomWalk
from pytest_interleave.trace import Event, interleaving_table
from pytest_interleave.trace._used import with_skipped, with_uses

from .telling import in_threads, quiet, told

pytestmark = quiet


def event(step, thread=1, **more):
    return Event(step, thread, "read", "Box.value", "here.py:1", "work", "x = y", "", **more)


def uses(timeline):
    """What is done to files, in order."""
    return [(timeline.threads[event.thread], event.what, event.kind) for event in timeline.events if event.uses]


def test_what_threads_do_to_one_file_is_shown(tmp_path):
    path, own = tmp_path / "count", tmp_path / "own"
    path.write_text("0")

    def body():
        def work():
            path.write_text(str(int(path.read_text()) + 1))

        in_threads(left=work, right=lambda: own.write_text(path.read_text()))

    timeline = told(body).timeline
    # The file that one thread alone uses is not.
    assert uses(timeline) == [
        ("left", "file count", "read"),
        ("left", "file count", "written"),
        ("right", "file count", "read"),
    ]
    table = interleaving_table(timeline, 120)
    assert "read: file count, " in table
    assert "threading.py" not in table


def test_what_threads_only_read_is_not_shown(tmp_path):
    path = tmp_path / "count"
    path.write_text("0")
    assert uses(told(lambda: in_threads(left=path.read_text, right=path.read_text)).timeline) == []


def test_under_a_common_lock_the_lock_is_enough(tmp_path):
    path = tmp_path / "count"

    def body():
        lock = threading.Lock()

        def work():
            with lock:
                path.write_text("1")

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


def test_a_context_switch_to_a_thread_that_begins_is_marked_where_that_one_does_something(tmp_path):
    path = tmp_path / "count"
    path.write_text("0")
    switches = preempted_at_a_start(lambda: path.write_text(path.read_text()))
    assert {(event.kind, event.place.partition(":")[0]) for event in switches} == {("read", "tests/trace/test_used.py")}


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
