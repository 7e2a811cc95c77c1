"""Time that passed as a choice: the threads that were held up, and the waits that ended meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...control import HeldUp, Operation, Outcome, duration
from ...control.steps import kinds
from ..causes._names import distinguished
from ..causes._places import short_place

#: At most this many pauses are mentioned: the last ones, which are closest to the failure.
_MENTIONED = 3


class _Pause(NamedTuple):
    """A pause of a thread, which was held up at one place once or several times in a row."""

    steps: list[HeldUp]
    positions: list[int]
    #: Whether the thread had done a step before.
    begun: bool


def held_up(outcome: Outcome, end: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield a sentence for each of the last pauses in the first `end` steps, with the positions of its steps."""
    names = distinguished(outcome.threads)
    expired = _expired(outcome, names)
    for pause in _pauses(outcome, end)[-_MENTIONED:]:
        first = pause.steps[0]
        length = duration(sum(step.nanoseconds for step in pause.steps))
        where = f"at {short_place(first.where())}" if pause.begun else "before its first step"
        text = f"{names[first.target.index]} was held up for {length} {where}"
        positions = list(pause.positions)
        link = "; meanwhile"
        for position in pause.positions:
            for thread, wait, at in expired.get(position + 1, ()):
                where = f"at {short_place(wait.where())}"
                if wait.kind == kinds.SLEEP:
                    text += f"{link} the sleep of {thread} {where} ended"
                else:
                    text += f"{link} the timeout of {thread}'s {kinds.TABLE[wait.kind].wait} {where} expired"
                link = " and"
                if at is not None:
                    positions.append(at)
        yield f"{text}.", tuple(positions)


def _pauses(outcome: Outcome, end: int) -> list[_Pause]:
    pauses: list[_Pause] = []
    begun: set[int] = set()
    for position, (unit, operation, _) in enumerate(outcome.log[:end]):
        if not isinstance(operation, HeldUp):
            begun.add(unit.index)
            continue
        last = pauses[-1] if pauses else None
        if last is not None and last.positions[-1] == position - 1 and last.steps[0].target is operation.target:
            last.steps.append(operation)
            last.positions.append(position)
        else:
            pauses.append(_Pause([operation], [position], operation.target.index in begun))
    return pauses


def _expired(outcome: Outcome, names: tuple[str, ...]) -> dict[int, list[tuple[str, Operation, int | None]]]:
    """Return the waits that ended, by the number of steps until then: the thread, the operation, and its position."""
    expired: dict[int, list[tuple[str, Operation, int | None]]] = {}
    steps = [(unit, operation, position) for position, (unit, operation, _) in enumerate(outcome.log)]
    for unit, operation, position in (*steps, *((unit, operation, None) for unit, operation, _ in outcome.pending)):
        if operation.expired_at is not None:
            expired.setdefault(operation.expired_at, []).append((names[unit.index], operation, position))
    return expired
