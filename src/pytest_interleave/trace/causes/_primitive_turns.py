"""Threads that come to one primitive, in an order that tells what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...control import Path, Place, Step
from ...control.execution import awaited
from ...control.steps import kinds


class Turn(NamedTuple):
    """A thread has come to a primitive, at a position in the log."""

    position: int
    thread: Path
    kind: str
    place: Place


def turns_by_primitive(log: Sequence[Step]) -> list[list[Turn]]:
    """Of each primitive, who came to it and what for."""
    turns: dict[int, list[Turn]] = {}
    for position, (unit, operation, _) in enumerate(log):
        if not operation.is_access and operation.kind in kinds.TURNS:
            turn = Turn(position, unit.path, operation.kind, operation.where())
            turns.setdefault(id(awaited(operation.target)), []).append(turn)
    return list(turns.values())


def taken_between(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> Iterator[tuple[Turn, Turn, Turn]]:
    """A thread's turn before it was left, the last one of another until it went on, and its own next one."""
    first = next((turn for turn in reversed(turns) if turn.thread == thread and turn.position < switch), None)
    between, last = _meanwhile(turns, thread, switch, until)
    if first is not None and between is not None and last is not None:
        yield first, between, last


def signal_before_wait(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> Iterator[tuple[Turn, Turn]]:
    """Another thread gave the signal before this one began to wait for it."""
    between, last = _meanwhile([turn for turn in turns if turn.kind in kinds.MISSED], thread, switch, until)
    if between is not None and last is not None and between.kind != kinds.WAIT and last.kind == kinds.WAIT:
        yield between, last


def _meanwhile(turns: Sequence[Turn], thread: Path, switch: int, until: int) -> tuple[Turn | None, Turn | None]:
    others = [turn for turn in turns if turn.thread != thread and switch <= turn.position < until]
    after = (turn for turn in turns if turn.thread == thread and turn.position >= until)
    return others[-1] if others else None, next(after, None)
