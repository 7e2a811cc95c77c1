"""Operations of threads on one primitive, in an order that shows what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...control import Path, Place, Step
from ...control.execution import awaited
from ...control.steps import kinds


class Turn(NamedTuple):
    """An operation of a thread on a primitive, at a position in the log."""

    position: int
    thread: Path
    kind: str
    place: Place


def turns_by_primitive(log: Sequence[Step]) -> list[list[Turn]]:
    """Return the turns at each primitive, in their order."""
    turns: dict[int, list[Turn]] = {}
    for position, (unit, operation, _) in enumerate(log):
        if not operation.is_access and operation.kind in kinds.TURNS:
            turn = Turn(position, unit.path, operation.kind, operation.where())
            turns.setdefault(id(awaited(operation.target)), []).append(turn)
    return list(turns.values())


def taken_between(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> Iterator[tuple[Turn, Turn, Turn]]:
    """Yield a thread's turn before it was left, the last one of another thread meanwhile, and its own next one."""
    first = next((turn for turn in reversed(turns) if turn.thread == thread and turn.position < switch), None)
    between, last = _meanwhile(turns, thread, switch, until)
    if first is not None and between is not None and last is not None:
        yield first, between, last


def signal_before_wait(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> Iterator[tuple[Turn, Turn]]:
    """Yield the signal of another thread and the wait of this one, if the wait began after the signal."""
    between, last = _meanwhile([turn for turn in turns if turn.kind in kinds.MISSED], thread, switch, until)
    if between is not None and last is not None and between.kind != kinds.WAIT and last.kind == kinds.WAIT:
        yield between, last


def set_before_clear(
    log: Sequence[Step], turns: Sequence[Turn], thread: Path, switch: int, until: int
) -> Iterator[tuple[Turn, Turn, Turn]]:
    """Yield where another thread sets an event, where this one clears it, and where a thread misses it after that.

    A thread misses it if it waits in vain, or asks whether it is set.
    """
    between, last = _meanwhile(turns, thread, switch, until)
    if between is None or last is None or (between.kind, last.kind) != (kinds.SET, kinds.CLEAR):
        return
    for turn in turns:
        if turn.position > last.position:
            if turn.kind == kinds.SET:
                return
            in_vain = turn.kind == kinds.WAIT and log[turn.position][1].expired_at is not None
            if turn.kind == kinds.IS_SET or in_vain:
                yield between, last, turn
                return


def _meanwhile(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> tuple[Turn | None, Turn | None]:
    others = [turn for turn in turns if turn.thread != thread and switch <= turn.position < until]
    after = (turn for turn in turns if turn.thread == thread and turn.position >= until)
    return others[-1] if others else None, next(after, None)
