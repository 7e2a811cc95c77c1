"""Calls of `acquire()` that returned False: another thread held the lock, or had the permits of the semaphore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...control import Operation, Outcome, Step, Unit
from ...control.execution import awaited
from ...control.primitives import RLock, Semaphore
from ...control.steps import kinds
from ...detect import Holding
from ..causes._failing import failed_threads


class Refusal(NamedTuple):
    """A call of `acquire()` that returned False: positions in the log."""

    position: int
    #: The step by which the only holder took the lock, or its last permit; None if that is not known.
    taken: int | None
    #: Whether it had waited for a limited time.
    waited: bool


def refusals(log: Sequence[Step]) -> dict[int, Refusal]:
    """Return the calls that returned False, by their positions in the log."""
    found: dict[int, Refusal] = {}
    holding = Holding()
    #: By address of a lock or a semaphore, the threads that hold it, each with the step by which it took that.
    taken: dict[int, list[tuple[Unit, int]]] = {}
    for position, (unit, operation, _) in enumerate(log):
        target = operation.target
        if target is None:
            continue
        key = id(awaited(target))
        holders = taken.setdefault(key, [])
        if operation.kind in kinds.ACQUIRING:
            if _is_refused(operation, unit, [holder for holder, _ in holders if holding.holds(holder, target)]):
                known = len({holder for holder, _ in holders}) == 1 and holders[-1][0] is not unit
                found[position] = Refusal(position, holders[-1][1] if known else None, operation.expired_at is not None)
                continue
            holders.append((unit, position))
        elif operation.kind == kinds.RELEASE:
            own = [each for each in holders if each[0] is unit]
            if own:
                holders.remove(own[-1])
            else:
                # Another thread has taken it.
                holders.clear()
        holding.follow(unit, operation)
    return found


def _is_refused(operation: Operation, unit: Unit, holders: Sequence[Unit]) -> bool:
    """Whether an attempt fails if these threads hold the lock."""
    if operation.expired_at is not None:
        return True
    if operation.kind == kinds.TRY_ACQUIRE:
        return any(holder is not unit or not isinstance(operation.target, RLock) for holder in holders)
    return isinstance(operation.target, Semaphore) and not operation.mutates


def refused_at_failure(outcome: Outcome, end: int, found: Mapping[int, Refusal]) -> Refusal | None:
    """Return the one of the refusals after which a thread has failed without another step; None if there is none."""
    log = outcome.log
    for thread in sorted(failed_threads(outcome)) if found else ():
        own = [at for at in range(end) if log[at][0].index == thread and log[at][1].kind not in kinds.HIDDEN]
        while own and log[own[-1]][1].kind in kinds.GIVING_LOCKS:
            # A thread that fails still leaves its `with` statements.
            own.pop()
        last = found.get(own[-1]) if own else None
        if last is not None and last.taken is not None and not _had_it_before(log, own):
            return last
    return None


def _had_it_before(log: Sequence[Step], own: Sequence[int]) -> bool:
    """Whether a thread has released further up in the function what its last step could not acquire again."""
    operation = log[own[-1]][1]
    place = operation.where()
    return any(
        log[at][1].kind == kinds.RELEASE
        and awaited(log[at][1].target) is awaited(operation.target)
        and log[at][1].where()[::2] == place[::2]
        and log[at][1].where().lineno < place.lineno
        for at in own
    )
