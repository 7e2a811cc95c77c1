"""The steps that used one primitive: where a lock or a permit that is still held was taken, and what undid a set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...control import Operation, Step, WaitingThread
from ...control.execution import awaited
from ...control.steps import kinds


def last_use(log: Sequence[Step], target: Any, *of: kinds.Kind) -> tuple[int, ...]:
    """Return the position of the last step of one of some kinds at a primitive; empty if there is none."""
    found = (at for at in reversed(range(len(log))) if log[at][1].kind in of and _uses(log[at][1], target))
    return tuple(at for at in (next(found, None),) if at is not None)


def acquisition(wait: WaitingThread, target: Any, log: Sequence[Step]) -> tuple[int, ...]:
    """Return the position of the step by which the holder of the lock that `wait` is for took it; empty if unknown."""
    for at in reversed(range(len(log))):
        unit, operation, _ = log[at]
        takes = operation.kind in (kinds.ACQUIRE, kinds.TRY_ACQUIRE) and _uses(operation, target)
        # A failed attempt is a step, too: the lock itself knows where it was taken.
        if takes and unit.name == wait.holder and operation.where() == wait.acquired:
            return (at,)
    return ()


def held_permits(target: Any, log: Sequence[Step]) -> tuple[int, ...]:
    """Return the positions of the steps by which threads took permits of a semaphore that they have not released.

    Empty if a thread has released more than it took: then the permits are no thread's own.
    """
    held: dict[int, list[int]] = {}
    for at, (unit, operation, _) in enumerate(log):
        if not _uses(operation, target):
            continue
        own = held.setdefault(unit.index, [])
        if operation.kind == kinds.ACQUIRE and operation.mutates and operation.expired_at is None:
            own.append(at)
        elif operation.kind == kinds.RELEASE and own:
            own.pop()
        elif operation.kind == kinds.RELEASE:
            return ()
    return tuple(sorted(at for places in held.values() for at in places))


def undone_set(target: Any, log: Sequence[Step]) -> tuple[int, ...]:
    """Return the positions of the last steps that set and then cleared an event; empty if there are none."""
    cleared = last_use(log, target, kinds.CLEAR)
    was_set = last_use(log[: cleared[0]], target, kinds.SET) if cleared else ()
    return (*was_set, *cleared) if was_set else ()


def _uses(operation: Operation, target: Any) -> bool:
    return operation.target is not None and awaited(operation.target) is awaited(target)
