"""What became of time that passed as a choice: who was held up, and whose wait was over by then."""

from __future__ import annotations

from collections.abc import Iterator

from ..control import HELD_UP, Operation, Outcome
from ._names import told_apart
from ._places import short_place

#: So many times that a thread was held up are told of.
_TOLD = 2
_WAITS = {"acquire": "acquire", "join": "join", "get": "get"}


def held_up(outcome: Outcome, end: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A sentence for each time, with the positions of the steps that it is about, in the first `end` steps."""
    names = told_apart(outcome.threads)
    #: By how many steps there had been.
    expired: dict[int, list[tuple[str, Operation, int | None]]] = {}
    for position, (task, operation, _) in enumerate(outcome.log):
        if operation.expired_at is not None:
            expired.setdefault(operation.expired_at, []).append((names[task.index], operation, position))
    for task, operation, _ in outcome.pending:
        if operation.expired_at is not None:
            expired.setdefault(operation.expired_at, []).append((names[task.index], operation, None))
    told = 0
    begun: set[int] = set()
    for position, (task, operation, _) in enumerate(outcome.log[:end]):
        if operation.kind != HELD_UP:
            begun.add(task.index)
            continue
        thread = operation.target.index
        where = f"at {short_place(operation.where())}" if thread in begun else "before its first step"
        text = f"{names[thread]} was held up for {operation.name} {where}"
        waits = expired.get(position + 1, [])
        for waiting, wait, _ in waits:
            where = f"at {short_place(wait.where())}"
            if wait.kind == "sleep":
                text += f"; meanwhile the sleep of {waiting} {where} ended"
            else:
                text += f"; meanwhile the timeout of {waiting}'s {_WAITS.get(wait.kind, 'wait')} {where} expired"
        yield f"{text}.", (position, *(at for _, _, at in waits if at is not None))
        told += 1
        if told == _TOLD:
            return
