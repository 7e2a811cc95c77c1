"""The story of a data race: its two accesses."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ...control import Outcome, Recorder, Step, Touches
from ...detect import Race
from ..words._evidence import Story
from ..words._words import Words
from ._held_up import held_up

_UNORDERED = "No happens-before relation: no common lock, queue, event, start or join orders these accesses."
#: At most this many characters of a line are the name of a variable.
_WIDEST_LABEL = 48
_PASSED = "No assertion failed in this schedule: the test fails because of the data race."


def races_story(races: Sequence[Race], outcome: Outcome, recorder: Recorder | None) -> Story:
    """Return the story of an execution that has passed, but for data races."""
    race = races[0]
    words = Words(outcome, recorder)
    pauses = list(held_up(outcome, len(outcome.log)))
    label = _label(race)
    known = f", or declare the race with race_detector.allow({label!r})" if label else ""
    return Story(
        f"Data race on {race.what}: unordered {_access(race, 0)} and {_access(race, 1)}",
        tuple(words.evidence(position, race.what) for position in _steps(race, outcome.log)),
        (*(text for text, _ in pauses), _UNORDERED, _PASSED),
        f"guard every access with one lock{known}",
        tuple(at for _, places in pauses for at in places),
    )


def _label(race: Race) -> str:
    """Return the name to declare a race by; its place if its names are too long for a line; empty without a name."""
    shortest = min(race.labels, key=len, default="")
    names = [race.what, shortest] if race.what in race.labels else [shortest]
    place = race.second.place
    return next((name for name in names if len(name) <= _WIDEST_LABEL), f"{os.path.basename(place[0])}:{place[1]}")


def _steps(race: Race, log: Sequence[Step]) -> tuple[int, ...]:
    """Return the positions of the two accesses; of the first one, the last time before the second at the same place."""
    if not race.steps:
        return ()
    first, second = sorted(race.steps)
    unit, operation, touches = log[first]
    for at in range(second - 1, first, -1):
        # One line may access several variables, and one instruction several objects.
        other = log[at][1]
        same = (other.kind, other.lasti, other.where()) == (operation.kind, operation.lasti, operation.where())
        if same and log[at][0] is unit and _variables(log[at][2]) == _variables(touches):
            return at, second
    return first, second


def _variables(touches: Touches | None) -> list[tuple[Any, Any]]:
    return [(name, part) for name, part, _ in touches or ()]


def _access(race: Race, number: int) -> str:
    does, _, what = (race.first, race.second)[number].does.partition(" ")
    if does == "calls":
        return what.removeprefix(".")
    return {"reads": "read", "writes": "write", "deletes": "delete", "iterates": "iteration"}.get(does, "call")
