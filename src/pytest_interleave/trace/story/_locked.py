"""Statements that have failed because another transaction had the lock of their database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...control import Outcome, Step
from ...control.execution import short_name
from ...control.steps import External
from ...control.system import Refused, refused_by
from ..bugs._bug import WIDEST, Bug

#: A bug that a database was locked, and the positions of the steps that it consists of.
Locked = tuple[Bug, tuple[int, ...]]


def locked(outcome: Outcome) -> Locked | None:
    """Return the bug that a thread has failed because a database was locked, and its steps; None if that is not why."""
    refusals = sorted(_refusals(outcome), key=lambda each: each.position)
    circular = next((each for each in refusals if each.circle is not None), None)
    if circular is not None:
        return _of_circle(circular, outcome.log)
    return _of_one(refusals[0], outcome.log) if refusals else None


def _refusals(outcome: Outcome) -> Iterator[Refused]:
    """Yield the refusals that are, or have led to, the exceptions of threads."""
    errors = [error for _, error in sorted(outcome.raised.items())]
    seen: set[int] = set()
    while errors:
        error = errors.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        refused = refused_by(error)
        if refused is not None:
            yield refused
        # As a library does that has errors of its own.
        errors += [each for each in (error.__cause__, error.__context__) if each is not None]
        if isinstance(error, BaseExceptionGroup):
            errors += error.exceptions


def _of_circle(refused: Refused, log: Sequence[Step]) -> Locked:
    holder = refused.circle
    assert holder is not None
    awaited = [refused.name, short_name(str(holder.waits_for))]
    named = f"Deadlock: circular wait on {awaited[0]} and {awaited[1]}"
    helps = "begin transactions on these databases in the same order everywhere, or guard both with one lock"
    if awaited[0] == awaited[1]:
        named = f"Deadlock: two transactions wait for {awaited[0]}"
        helps = "begin transactions that write with BEGIN IMMEDIATE"
    elif refused.taken is None and _LOCK.search(awaited[1]):
        helps = "take the lock and begin the transaction in the same order everywhere"
    elif refused.taken is None:
        helps = "commit before the thread waits for another one"
    found = (
        _position(log, holder.unit, holder.since),
        _position(log, refused.unit, refused.taken),
        _wait(log, refused.unit, refused.position),
        _wait(log, holder.unit, len(log)),
    )
    bug = Bug(named if len(named) <= WIDEST else f"Deadlock: circular wait on {awaited[0]}", help=helps)
    return bug, tuple(sorted({at for at in found if at is not None}))


_LOCK = re.compile(r"lock\b", re.IGNORECASE)

#: What a thread waits for that sleeps.
TIME = "time to pass"

_HELPS = {
    "upgrade": "begin a transaction that writes with BEGIN IMMEDIATE, before it reads; or repeat it",
    "snapshot": "begin a transaction that writes with BEGIN IMMEDIATE, before it reads; or repeat it",
    "cache": "handle that the table is locked, or do not share a cache between threads",
    "at once": "let the connection wait: sqlite3.connect(..., timeout=5)",
    "timeout": "commit before the thread waits or sleeps, or set a longer timeout",
}


def _of_one(refused: Refused, log: Sequence[Step]) -> Locked:
    holder = next(iter(refused.holders), None)
    name = refused.name
    named = f"{name[:1].upper()}{name[1:]} is locked"
    if refused.reason == "snapshot":
        named = f"Write refused on {name}: it has changed since the first read"
    elif refused.reason == "upgrade":
        named = f"Write refused on {name}: the transaction has read before"
    elif holder is not None:
        by = holder.unit.name
        if holder.waits_for is None:
            named += f": {by} is in a transaction"
        elif holder.waits_for == TIME:
            named += f": {by} sleeps in a transaction"
        else:
            named += f": {by} waits for {short_name(holder.waits_for)}"
    found = [None if holder is None else _position(log, holder.unit, holder.since)]
    own = refused.position - 1
    if refused.reason == "upgrade":
        # The transaction has read before.
        found.append(_first_read(log, refused))
    found.append(own if 0 <= own < len(log) else None)
    positions = tuple(sorted({at for at in found if at is not None}))
    return Bug(named if len(named) <= WIDEST else f"{name} is locked", help=_HELPS[refused.reason]), positions


def _position(log: Sequence[Step], unit: Any, since: Any) -> int | None:
    """Return the position of the step by which a thread has taken a lock."""
    if since is None:
        return None
    for at in range(len(log) - 1, -1, -1):
        operation = log[at][1]
        if log[at][0] is unit and isinstance(operation, External) and operation.doing is since:
            return at
    return None


def _wait(log: Sequence[Step], unit: Any, before: int) -> int | None:
    """Return the last statement of a thread that has waited, before a step."""
    for at in range(min(before, len(log)) - 1, -1, -1):
        operation = log[at][1]
        if log[at][0] is unit and isinstance(operation, External) and operation.doing.has_waited:
            return at
    return None


def _first_read(log: Sequence[Step], refused: Refused) -> int | None:
    """Return the statement by which the transaction of a refused statement has first read."""
    return _position(log, refused.unit, refused.since)
