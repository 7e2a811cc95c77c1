"""The loops that threads repeat at the end of an execution: one round of each, and how often it was repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...control import Operation, Outcome, Place, Step
from ...control.execution import LIVELOCK
from ...control.steps import kinds

#: At most this many steps of a thread are searched for a round, from its last one backwards; the rest are ignored.
_SEARCHED = 2_000
#: At least this many rounds must be alike; with fewer there is no period.
_ROUNDS = 3
#: At most this many of the last steps are shown by their lines if no two rounds are alike; the rest are ignored.
_UNLIKE = 200


class Loop(NamedTuple):
    """A loop that a thread repeats: the positions in the log of one of its last rounds, from the first line on."""

    thread: int
    positions: tuple[int, ...]
    #: The number of rounds in a row; 0 if they are not alike.
    rounds: int
    #: The position in the log of the first step that is repeated.
    begin: int
    #: Whether the thread repeated it after the last step of the log, too.
    goes_on: bool
    places: tuple[Place, ...]

    @property
    def text(self) -> str:
        """The lines that are repeated, and how often, for people."""
        lines = sorted({place.lineno for place in self.places})
        if len({(place.filename, place.function) for place in self.places}) > 1:
            text = f"repeats these {len({place[:2] for place in self.places})} lines"
        elif len(lines) == 1:
            text = f"repeats line {lines[0]}"
        else:
            text = f"repeats lines {lines[0]}-{lines[-1]}"
        if not self.rounds:
            return text
        return f"{text}, {self.rounds:,}{'+' if self.goes_on else ''} times"


def loops_of(outcome: Outcome) -> list[Loop]:
    """Return the loops of the threads that spin if an execution has ended as a livelock, else none."""
    stuck = outcome.stuck
    if stuck is None or stuck.kind != LIVELOCK:
        return []
    positions: dict[int, list[int]] = {wait.number: [] for wait in stuck.waits}
    for position, (unit, operation, _) in enumerate(outcome.log):
        if unit.index in positions and operation.kind != kinds.BEGIN:
            positions[unit.index].append(position)
    goes_on = outcome.unexplored is not None
    blocked = {unit.index: operation for unit, operation, _ in stuck.pending}
    found = (_loop(outcome.log, thread, own, blocked.get(thread), goes_on=goes_on) for thread, own in positions.items())
    return [loop for loop in found if loop is not None]


def _loop(log: Sequence[Step], thread: int, own: list[int], blocked: Operation | None, *, goes_on: bool) -> Loop | None:
    """Return the loop of a thread, or None.

    `own` are the positions of the thread's steps; `blocked` is what it waits to do, if it cannot do that now.
    """

    def key(number: int) -> _Key:
        return _key(log[own[number]][1])

    count = len(own)
    period = _period([key(number) for number in range(count - 1, max(-1, count - 1 - _SEARCHED), -1)])
    if period:
        alike = period
        while alike < count and key(count - 1 - alike) == key(count - 1 - alike + period):
            alike += 1
        first = _first_line([log[position][1] for position in own[-period:]])
        begin = count - period - (period - first if first else 0)
        if blocked is None or _key(blocked) in map(key, range(begin, begin + period)):
            return _of(log, thread, own[begin : begin + period], alike // period, own[count - alike], goes_on=goes_on)
    if blocked is not None or not own:
        return None
    # Its rounds differ: each line counts once, at its last step.
    lines: dict[Place, int] = {}
    for position in own[-_UNLIKE:]:
        lines[log[position][1].where()] = position
    latest = [lines[place] for place in sorted(lines, key=lambda place: place.lineno)]
    return _of(log, thread, latest, 0, own[-_UNLIKE:][0], goes_on=goes_on)


def _of(log: Sequence[Step], thread: int, positions: Sequence[int], rounds: int, begin: int, *, goes_on: bool) -> Loop:
    places = tuple(log[position][1].where() for position in positions)
    return Loop(thread, tuple(positions), rounds, begin, goes_on, places)


def _first_line(steps: Sequence[Operation]) -> int:
    """Return the number of the step in a round that is at the topmost line: a round may be cut anywhere."""
    file = steps[-1].where().filename
    # The release at the end of a `with` has the line of its beginning.
    return min(
        (step.where().lineno, step.kind == kinds.RELEASE, number)
        for number, step in enumerate(steps)
        if step.where().filename == file
    )[2]


_Key = tuple[int, int, str]


def _key(operation: Operation) -> _Key:
    return id(operation.code), operation.lasti, operation.kind


def _period(latest: Sequence[object]) -> int:
    """Return the number of steps in the round that they repeat; 0 if there is none, or too few rounds.

    `latest` has the last step first. If several beginnings repeat themselves, the longest one counts: a round may have
    a loop in it.
    """
    # Knuth, Morris and Pratt: for each prefix, the length of its longest proper suffix that is a prefix as well.
    borders = [0] * len(latest)
    found = 0
    for at in range(1, len(latest)):
        border = borders[at - 1]
        while border and latest[at] != latest[border]:
            border = borders[border - 1]
        borders[at] = border + (latest[at] == latest[border])
        period = at + 1 - borders[at]
        if at + 1 >= _ROUNDS * period:
            found = period
    return found
