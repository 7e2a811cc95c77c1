"""The step with which an execution failed, and the threads and accesses that failed there."""

from __future__ import annotations

from ..._leaves import is_made_of
from ...control import Outcome


def end_of_failure(outcome: Outcome) -> int:
    """Return the number of steps until the last of the threads that failed has failed; all, if nothing was raised.

    What other threads did later has nothing to do with the failure.
    """
    log = outcome.log
    failed = failed_threads(outcome)
    return next((at + 1 for at in range(len(log) - 1, -1, -1) if log[at][0].index in failed), len(log))


def failing_positions(outcome: Outcome, end: int) -> frozenset[int]:
    """Return the positions in the log of the last accesses of each thread that failed, those that are at one line."""
    found: set[int] = set()
    for thread in failed_threads(outcome):
        place = None
        for at in range(end - 1, -1, -1):
            unit, operation, _ = outcome.log[at]
            if unit.index != thread or not operation.is_access:
                continue
            if place not in (None, operation.where()):
                break
            place = operation.where()
            found.add(at)
    return frozenset(found)


def failed_threads(outcome: Outcome) -> set[int]:
    """Return the indices of the threads that an exception of their own has ended; none if the execution got stuck."""
    if outcome.stuck is not None:
        return set()
    failed = dict(outcome.raised)
    others = [error for index, error in failed.items() if index]
    if 0 in failed and is_made_of(failed[0], others):
        # The test's own thread only passes on what the others raised.
        del failed[0]
    return set(failed)
