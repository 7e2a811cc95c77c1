"""Sets and dictionaries whose keys have a `__hash__` and an `__eq__` in Python: steps within an access to an item."""

from __future__ import annotations

import pytest

from ..telling import in_threads, quiet, texts, told_of_finding
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet


class Key:
    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        return isinstance(other, Key) and self.number == other.number


def test_a_check_of_a_set():
    def body():
        seen, added = set(), []

        def add():
            key = Key(1)
            if key not in seen:
                seen.add(key)
                added.append(key)

        in_threads(one=add, other=add)
        assert len(added) == 1

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on seen"
    assert texts(timeline)[0] == "one reads set()"
    assert [text.partition(" on ")[0] for text in texts(timeline)[1:]] == [
        "other calls seen.add()",
        "one calls seen.add()",
    ]
    # The table has the same rows, and none for the ends of the look-ups.
    numbers = [each.position + 1 for each in timeline.evidence]
    shown = {event.step: event for event in timeline.events}
    assert [shown[number].place for number in numbers] == [each.place for each in timeline.evidence]
    assert not any(event.kind == "return" for event in timeline.events)


def test_a_check_of_a_dictionary():
    def body():
        seen, added = {}, []

        def add():
            key = Key(1)
            if key not in seen:
                seen[key] = 1
                added.append(key)

        in_threads(one=add, other=add)
        assert len(added) == 1

    timeline = timeline_of(body)
    assert timeline.bug == "Check-then-act race on seen"
    assert [text.partition(" ")[0] for text in texts(timeline)] == ["one", "other", "one"]


def add_in_place(counts):
    counts[Key(1)] += 1


def add_in_two_steps(counts):
    count = counts[Key(1)]
    counts[Key(1)] = count + 1


@pytest.mark.parametrize("add", [add_in_place, add_in_two_steps])
def test_a_lost_update(add):
    def body():
        counts = {Key(1): 0}
        in_threads(one=lambda: add(counts), other=lambda: add(counts))
        assert counts[Key(1)] == 2

    timeline = timeline_of(body)
    assert timeline.bug == "Lost update on counts"
    # Which of the items it is, and whether there is one, only the program's own methods could say.
    assert not any("nothing" in text or "unset" in text for text in texts(timeline))


def test_items_of_unequal_keys():
    def body():
        counts, total = {Key(1): 0, Key(2): 0}, [0]

        def add(key):
            counts[key] += 1
            total[0] += 1

        in_threads(one=lambda: add(Key(1)), other=lambda: add(Key(2)))
        assert total == [2]

    assert timeline_of(body).bug == "Lost update on total[0]"


def test_a_look_up_that_is_not_interrupted():
    def body():
        seen, count = {Key(1)}, [0]

        def add():
            if Key(1) in seen:
                count[0] += 1

        in_threads(one=add, other=add)
        assert count == [2]

    found = told_of_finding(body)
    assert found.timeline.bug == "Lost update on count[0]"
    assert not any(event.kind == "return" for event in found.timeline.events)
