"""What is shown of an execution: what threads do to each other, until it fails."""

from __future__ import annotations

import json
import threading
from threading import Event, Lock, RLock

import pytest

from pytest_interleave.control.execution import described
from pytest_interleave.explore import Follow, RandomWalk
from pytest_interleave.explore.schedules._switches import Switch
from pytest_interleave.trace import timeline_of
from pytest_interleave.trace.causes._failing import end_of_failure
from tests.detailing import Laboratory

from .telling import in_threads, quiet, told, told_of_finding

pytestmark = quiet


class Box:
    def __init__(self):
        self.value = 0
        self.other = 0
        self.items = []


def steps(timeline):
    """Thread, kind and thing of each event."""
    return [(timeline.threads[event.thread], event.kind, event.what) for event in timeline.events]


def accesses(timeline):
    return [step for step in steps(timeline) if step[1] not in ("start", "join")]


def test_data_of_one_thread_is_not_shown():
    # Else the list of one thread can be where that of another was.
    kept = []

    def body():
        shared = Box()

        def work(own):
            own.value = 5
            own.items.append(own.value)
            shared.value = 1

        kept.extend(Box() for _ in range(2))
        in_threads(left=lambda: work(kept[0]), right=lambda: work(kept[1]))

    # It has a number, as there are other boxes.
    assert accesses(told(body).timeline) == [("left", "write", "Box #1.value"), ("right", "write", "Box #1.value")]


def test_what_all_only_read_is_not_shown():
    def body():
        box = Box()
        in_threads(left=lambda: box.value, right=lambda: box.value)

    assert accesses(told(body).timeline) == []


def test_what_was_there_before_the_threads_is_not_shared_by_that():
    """The test's own thread has made it, and one thread alone works with it from then on."""

    def body():
        boxes = [Box(), Box()]

        def work(box):
            box.value += 1

        in_threads(left=lambda: work(boxes[0]), right=lambda: work(boxes[1]))
        assert boxes[0].value == 1

    # The test looks at one of them in the end.
    assert accesses(told(body).timeline) == [("left", "write", "Box #1.value"), ("main", "read", "Box #1.value")]


def test_objects_have_numbers_in_the_order_of_what_is_shown():
    """That the test has used them in another order before does not count."""

    def body():
        first, second, third = Box(), Box(), Box()
        for box in (third, second, first):
            box.value = 1

        def work():
            first.value += 1
            third.value += 1

        in_threads(left=work, right=work)
        assert first.value == 0

    timeline = told(body).timeline
    shown = [what for thread, _, what in accesses(timeline) if thread == "left"]
    assert list(dict.fromkeys(shown)) == ["Box #1.value", "Box #2.value"]
    assert {what for thread, _, what in accesses(timeline) if thread == "main"} == {"Box #1.value"}


def test_attributes_of_one_thing_are_apart():
    def body():
        box = Box()

        def left():
            box.value = 1

        def right():
            box.other = 1

        in_threads(left=left, right=right)

    assert accesses(told(body).timeline) == []


def test_an_item_and_the_whole_are_not():
    def body():
        table = {}

        def write():
            table["key"] = 1

        in_threads(writes=write, counts=lambda: len(table))

    assert [thread for thread, _, _ in accesses(told(body).timeline)] == ["writes", "counts"]


def test_locks_of_one_thread_are_not_shown():
    def body():
        own, common = Lock(), Lock()

        def left():
            with own, common:
                pass

        def right():
            with common:
                pass

        in_threads(left=left, right=right)

    shown = accesses(told(body).timeline)
    assert [step[:2] for step in shown] == [
        ("left", "acquire"), ("left", "release"), ("right", "acquire"), ("right", "release"),
    ]  # fmt: skip
    assert len({what for _, _, what in shown}) == 1


def test_before_the_first_start_there_is_nothing():
    def body():
        box = Box()
        box.value = 1
        box.value += 1

        def work():
            box.value += 1

        in_threads(left=work, right=work)

    shown = steps(told(body).timeline)
    assert [kind for _, kind, _ in shown[:2]] == ["start", "start"]


def test_after_the_failure_there_is_nothing():
    def body():
        box = Box()

        def dies():
            assert box.value == 7

        def goes_on():
            box.value = 1
            box.value = 2

        in_threads(dies=dies, goes_on=goes_on)
        box.value = 3

    found = told(body)
    assert accesses(found.timeline) == [("dies", "read", "Box.value")]
    assert found.timeline.steps == len(found.outcome.log)


def test_what_the_test_only_passes_on_is_the_failure_of_another_thread():
    def body():
        box = Box()

        def work():
            box.value += 1

        in_threads(left=work, right=work)
        box.value = 7

    outcome = told(body).outcome
    assert end_of_failure(outcome) == len(outcome.log)
    error = KeyError()
    last = max(position for position, (unit, _, _) in enumerate(outcome.log) if unit.name == "right")
    for passed_on in (error, ExceptionGroup("both", [error]), ExceptionGroup("", [ExceptionGroup("in", [error])])):
        failed = outcome._replace(exception=passed_on, raised={0: passed_on, 2: error})
        assert end_of_failure(failed) == last + 1 < len(outcome.log)
    for own in (ValueError(), ExceptionGroup("both", [error, ValueError()])):
        failed = outcome._replace(exception=own, raised={0: own, 2: error})
        assert end_of_failure(failed) == len(outcome.log)


def test_what_fails_in_the_test_itself_is_shown_to_the_end():
    def body():
        box = Box()

        def work():
            box.value += 1

        in_threads(left=work, right=work)
        assert box.value == 5

    assert steps(told(body).timeline)[-1] == ("main", "read", "Box.value")


def increments():
    box = Box()

    def work():
        box.value += 1

    in_threads(left=work, right=work)
    assert box.value == 2


def test_the_first_step_after_a_context_switch_is_marked():
    timeline = told_of_finding(increments).timeline
    marked = [event for event in timeline.events if event.switch]
    assert [(timeline.threads[event.thread], event.kind) for event in marked] == [("right", "read")]
    assert timeline.events.index(marked[0]) == 3


def test_where_a_thread_has_blocked_or_ended_nothing_is_marked():
    assert not any(event.switch for event in told(increments).timeline.events)


def test_a_context_switch_to_a_thread_that_does_nothing_of_interest_is_shown_with_its_first_step():
    def body():
        box = Box()

        def work():
            box.value += 1

        def idle():
            own = Box()
            own.value = 1

        in_threads(left=work, right=work, idle=idle)

    with Laboratory() as laboratory:
        usual = laboratory.run(body, Follow(()))
        point = [point for point in usual.recorded.points if point.preempts and point.stand[0] == (0,)][-1]
        found = laboratory.run(body, Follow([Switch(*point.stand, (2,))]))
        timeline = timeline_of(found.outcome, found.recorded.points)
    (marked,) = (event for event in timeline.events if event.switch)
    assert timeline.threads[marked.thread] == "idle"


# -- locks --


def test_how_long_locks_are_held():
    def body():
        box, lock, inner = Box(), RLock(), Lock()

        def work():
            with lock:
                box.value += 1
                with lock, inner:
                    box.value += 1
                box.value += 1

        in_threads(left=work, right=work)

    timeline = told(body).timeline
    kinds = {event.step: event.kind for event in timeline.events}
    by_lock = [
        (timeline.threads[held.thread], held.lock.partition(" ")[0], held.first, held.last) for held in timeline.held
    ]
    assert sorted(step[:2] for step in by_lock) == [
        ("left", "Lock"), ("left", "RLock"), ("right", "Lock"), ("right", "RLock"),
    ]  # fmt: skip
    for thread in ("left", "right"):
        (outer,) = (step for step in by_lock if step[:2] == (thread, "RLock"))
        (inner,) = (step for step in by_lock if step[:2] == (thread, "Lock"))
        assert outer[2] < inner[2] < inner[3] < outer[3]
        assert (kinds[outer[2]], kinds[outer[3]]) == ("acquire", "release")


def test_a_lock_that_is_never_given_back_is_held_to_the_end():
    def body():
        lock = Lock()
        in_threads(left=lock.acquire, right=lambda: lock.acquire(timeout=1))

    timeline = told(body).timeline
    (held,) = timeline.held
    assert timeline.threads[held.thread] == "left"
    assert held.last == timeline.steps + 1


def test_a_thread_that_waits_at_a_condition_does_not_hold_its_lock():
    def body():
        condition, box = threading.Condition(), Box()

        def wait():
            with condition:
                while not box.value:
                    condition.wait()

        def tell():
            with condition:
                box.value = 1
                condition.notify()

        in_threads(waits=wait, tells=tell)

    timeline = told(body).timeline
    held = [(timeline.threads[held.thread], held.first, held.last) for held in timeline.held]
    assert [thread for thread, _, _ in held] == ["waits", "tells", "waits"]
    assert held[0][2] <= held[1][1] < held[1][2] <= held[2][1]


# -- what conflicts --


def test_arrows_go_from_the_last_conflicting_step_of_another_thread():
    timeline = told_of_finding(increments).timeline
    by_step = {event.step: (timeline.threads[event.thread], event.kind) for event in timeline.events}
    assert [(by_step[arrow.first], by_step[arrow.second]) for arrow in timeline.arrows] == [
        (("left", "read"), ("right", "write")),
        (("right", "write"), ("left", "write")),
        (("left", "write"), ("main", "read")),
    ]
    assert {arrow.what for arrow in timeline.arrows} == {"Box.value"}


def test_no_arrow_between_reads_or_within_a_thread():
    def body():
        box = Box()

        def write():
            box.value = 1
            box.value = 2

        in_threads(writes=write, left=lambda: box.value, right=lambda: box.value)

    timeline = told(body).timeline
    by_step = {event.step: timeline.threads[event.thread] for event in timeline.events}
    assert [(by_step[arrow.first], by_step[arrow.second]) for arrow in timeline.arrows] == [
        ("writes", "left"), ("writes", "right"),
    ]  # fmt: skip
    assert len({arrow.first for arrow in timeline.arrows}) == 1


# -- the end --


def test_what_threads_wait_for_in_a_deadlock_comes_last():
    def body():
        event = Event()
        in_threads(left=event.wait, right=lambda: event.wait())

    timeline = told(body).timeline
    waiting = [event for event in timeline.events if event.waits]
    assert list(timeline.events[-3:]) == waiting
    assert [(timeline.threads[event.thread], event.kind) for event in waiting] == [
        ("main", "join"), ("left", "wait"), ("right", "wait"),
    ]  # fmt: skip
    assert [event.step for event in waiting] == [timeline.steps + number for number in (1, 2, 3)]
    assert "Event (created at" in waiting[1].what


@pytest.mark.parametrize("body", [increments, lambda: in_threads(left=Event().wait)], ids=["values", "deadlock"])
def test_it_can_be_written_as_json(body):
    timeline = told(body).timeline
    read = json.loads(json.dumps(timeline.as_json()))
    assert [event["step"] for event in read["events"]] == [event.step for event in timeline.events]
    assert read["story"] == timeline.story
    assert read["reported"] == list(timeline.reported)
    assert (read["bug"], read["help"], read["notes"]) == (timeline.bug, timeline.help, list(timeline.notes))
    assert [(step["step"] - 1, step["text"], step["place"], step["source"]) for step in read["evidence"]] == [
        tuple(each) for each in timeline.evidence
    ]


def test_without_a_recorder_there_are_no_values():
    found = told_of_finding(increments)
    timeline = timeline_of(found.outcome, found.recorded.points)
    assert {event.value for event in timeline.events} == {""}
    assert any(event.value for event in found.timeline.events)
    assert [each.text for each in timeline.evidence] == ["left reads it", "right writes it", "left writes it"]


def test_locks_of_one_type_are_numbered_those_that_threads_share_first():
    def body():
        own = Lock()
        locks = [Lock() for _ in range(2)]
        single, other = Lock(), RLock()

        def work():
            for lock in locks:
                with lock, single, other:
                    pass

        def with_own():
            with own:
                work()

        in_threads(left=with_own, right=work)

    found = told(body)
    names = {event.what.partition(" (")[0] for event in found.timeline.events if event.kind == "acquire"}
    assert names == {"Lock #1", "Lock #2", "Lock #3", "RLock"}
    texts = described(found.outcome.log)
    (own,) = {texts[id(step.target)] for _, step, _ in found.outcome.log if step.where().text == "with own:"}
    assert own.startswith("Lock #4 (created at ")


def test_without_time_the_end_is_shown_and_no_story():
    def body():
        box = Box()

        def work():
            for _ in range(400):
                box.value += 1

        in_threads(left=work, right=work)
        assert box.value == 0

    found = told(body, RandomWalk(1))
    short = timeline_of(found.outcome, found.recorded.points, found.recorder, lambda: True)
    assert short.left_out == ("the story", "earlier steps")
    assert (short.story, short.bug, short.evidence, short.help) == ("", "", (), "")
    assert short.events[-1] == found.timeline.events[-1]
    assert len(short.events) < len(found.timeline.events)
    assert {event._replace(skipped=0) for event in short.events} < set(found.timeline.events)
    assert len(short.events) + sum(event.skipped for event in short.events) == len(found.timeline.events)
    assert found.timeline.left_out == ()
