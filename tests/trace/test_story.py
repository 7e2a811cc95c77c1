"""The story names the threads, the thing, the values and the places of what has gone wrong."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Condition, Event, Lock

from pytest_interleave.explore import Follow
from pytest_interleave.explore._switches import Switch
from pytest_interleave.trace._failing import end_of_failure
from pytest_interleave.trace._story import story_of as story_of_execution
from tests.detailing import Laboratory

from .telling import in_threads, quiet, told, told_of_finding

pytestmark = quiet

LINES = Path(__file__).read_text(encoding="utf-8").splitlines()


class Account:
    def __init__(self):
        self.balance = 0
        self.items = []


def at(mark):
    """The place of the line that ends with this comment."""
    (number,) = (number for number, line in enumerate(LINES, start=1) if line.endswith(f"  # {mark}"))
    return f"test_story.py:{number}"


def story_of(body):
    return told_of_finding(body).timeline.story


def test_lost_update():
    account = Account()

    def work():
        value = account.balance  # lost: read
        account.balance = value + 50  # lost: write

    def body():
        account.balance = 100
        in_threads(left=work, right=work)
        assert account.balance == 200

    assert story_of(body) == (
        f"left read Account.balance (100) at {at('lost: read')}; then right wrote it (100 -> 150) at "
        f"{at('lost: write')}, and left overwrote that at {at('lost: write')} (150 -> 150)."
    )


def test_check_then_act():
    account = Account()

    def take():
        if account.items:  # taken: check
            account.items.pop()  # taken: act

    def body():
        account.items[:] = [1]
        in_threads(left=take, right=take)

    assert story_of(body) == (
        f"left read a list ([1]) at {at('taken: check')}; then right called .pop() of it ([1]) at "
        f"{at('taken: act')}, before left called .pop() of it at {at('taken: act')} ([])."
    )


def test_deleted_twice():
    table = {}

    def drop():
        if "key" in table:  # dropped: check
            del table["key"]  # dropped: act

    def body():
        table["key"] = 1
        in_threads(left=drop, right=drop)

    assert story_of(body) == (
        f"left read item 'key' of a dict (1) at {at('dropped: check')}; then right deleted it (1) at "
        f"{at('dropped: act')}, before left deleted it at {at('dropped: act')}."
    )


def test_read_again():
    account = Account()

    def look():
        first = account.balance  # again: first
        assert account.balance == first  # again: second

    def write():
        account.balance = 7  # again: write

    def body():
        account.balance = 0
        in_threads(looks=look, writes=write)

    assert story_of(body) == (
        f"looks read Account.balance (0) at {at('again: first')}; then writes wrote it (0 -> 7) at "
        f"{at('again: write')}, before looks read it again at {at('again: second')} (7)."
    )


def test_seen_halfway():
    account = Account()

    def write():
        account.balance = 1  # halfway: first
        account.balance = 2  # halfway: second

    def look():
        assert account.balance != 1  # halfway: look

    def body():
        account.balance = 0
        in_threads(writes=write, looks=look)

    found = told_of_finding(body)
    assert found.timeline.story == (
        f"writes wrote Account.balance (0 -> 1) at {at('halfway: first')}; then looks read it (1) at "
        f"{at('halfway: look')}, before writes wrote it again at {at('halfway: second')} (1 -> 2)."
    )
    # That was after the failure.
    assert not any(event.place.endswith(at("halfway: second")) for event in found.timeline.events)


def test_of_two_that_belong_together_one():
    account = Account()

    def write():
        account.balance = 1
        account.items = [1]  # together: second

    def look():
        assert not account.balance or account.items  # together: look

    def body():
        account.balance, account.items = 0, []
        in_threads(writes=write, looks=look)

    assert story_of(body) == (
        f"looks read Account.items ([]) at {at('together: look')} before writes wrote it ([] -> [1]) at "
        f"{at('together: second')}."
    )


def test_too_early():
    account = Account()

    def begin():
        account.items = [1]  # early: write

    def use():
        assert account.items is not None  # early: read

    def body():
        account.items = None
        in_threads(begins=begin, uses=use)

    found = told_of_finding(body)
    assert found.recorded.switched == frozenset()
    assert found.timeline.story == (
        f"uses read Account.items (None) at {at('early: read')} before begins wrote it (None -> [1]) at "
        f"{at('early: write')}."
    )


def test_deadlock():
    def body():
        one, other = Lock(), Lock()  # deadlock: made

        def left():
            with one:  # deadlock: left has
                with other:  # deadlock: left waits
                    pass

        def right():
            with other:  # deadlock: right has
                with one:  # deadlock: right waits
                    pass

        in_threads(left=left, right=right)

    story = story_of(body)
    made = re.compile(r"\(made at [^)]*test_story\.py:\d+\)")
    assert {text.rpartition("/")[2] for text in made.findall(story)} == {f"{at('deadlock: made')})"}
    first, second = sorted(made.sub("", story).removesuffix(".").split("; "))
    assert first == (
        f"left waits for Lock #2  at {at('deadlock: left waits')}, which right holds since {at('deadlock: right has')}"
    )
    assert second == (
        f"right waits for Lock #1  at {at('deadlock: right waits')}, which left holds since {at('deadlock: left has')}"
    )


def test_threads_that_wait_at_one_condition_wait_for_the_same():
    def body():
        condition, event = Condition(), Event()

        def wait():
            with condition:
                condition.wait()

        in_threads(left=wait, right=wait, other=event.wait, another=event.wait)

    found = told(body)
    assert "#" not in found.timeline.story
    assert found.timeline.story.count("for a notification of Condition (made at") == 2
    assert found.timeline.story.count("for Event (made at") == 2


def test_conditions_that_one_line_has_made_are_told_apart():
    def body():
        one, other = Condition(), Condition()

        def wait(condition):
            with condition:
                condition.wait()

        in_threads(left=lambda: wait(one), right=lambda: wait(other), third=lambda: wait(one))

    story = told(body).timeline.story
    assert story.count("Condition #1 (made at") == 2
    assert story.count("Condition #2 (made at") == 1


def test_no_switch_needed():
    account = Account()

    def work():
        account.balance += 1

    def body():
        in_threads(left=work, right=work)
        raise AssertionError

    assert story_of(body).startswith("It needs no switch: ")


def test_the_steps_that_it_is_about_are_told():
    account = Account()

    def work():
        account.balance += 50

    def body():
        account.balance = 0
        in_threads(left=work, right=work)
        assert account.balance == 100

    timeline = told_of_finding(body).timeline
    about = [event for event in timeline.events if event.step in timeline.told]
    assert [(timeline.threads[event.thread], event.kind, event.value) for event in about] == [
        ("left", "read", "0"),
        ("right", "write", "0 -> 50"),
        ("left", "write", "50 -> 50"),
    ]


def test_of_two_switches_each_has_its_sentence():
    a, b, seen = Account(), Account(), []

    def write():
        a.balance = 1
        b.balance = 1
        a.balance = 2

    def look():
        seen.append((a.balance, b.balance, b.balance, a.balance))

    def body():
        a.balance = b.balance = 0
        seen.clear()
        in_threads(writes=write, looks=look)
        assert seen != [(1, 0, 1, 2)]

    found = told_of_finding(body)
    assert len(found.recorded.switched) == 2
    sentences = found.timeline.story.removesuffix(".").split(". ")
    assert len(sentences) == 2
    assert sentences[0].startswith("writes wrote Account.balance (0 -> 1)")
    assert sentences[1].startswith("looks read Account.balance (0)")


def test_a_lost_update_is_told_before_what_was_seen_halfway():
    """Also where the steps of the other are closer together."""
    account = Account()

    def work():
        value = account.balance  # before: read
        account.items = [1]
        account.items = [2]
        account.balance = value + 1  # before: write

    def other():
        len(account.items)
        account.balance += 10

    def body():
        account.balance, account.items = 0, []
        in_threads(left=work, right=other)
        assert account.balance == 11

    with Laboratory() as laboratory:
        usual = laboratory.run(body, Follow(()))
        at_second = [
            point
            for point in usual.recorded.points
            if point.preempts and usual.outcome.log[point.step][1].where().text == "account.items = [2]"
        ]
        found = laboratory.run(body, Follow([Switch(*at_second[0].stand, (1,))]))
        story = story_of_execution(
            found.outcome, found.recorded.points, end_of_failure(found.outcome)
        ).text
    assert story.startswith(f"left read Account.balance at {at('before: read')}; then right wrote it")
    assert story.endswith(f"and left overwrote that at {at('before: write')}.")
