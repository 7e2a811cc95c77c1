"""With which step an execution has failed: what other threads did later has nothing to do with it."""

from __future__ import annotations

from .._leaves import is_made_of
from ..control import Outcome


def end_of_failure(outcome: Outcome) -> int:
    """How many steps there were until the last thread failed that did; all, where nothing was raised."""
    log = outcome.log
    if outcome.stuck is not None or not outcome.raised:
        return len(log)
    failed = dict(outcome.raised)
    others = [error for index, error in failed.items() if index]
    if 0 in failed and is_made_of(failed[0], others):
        # The test's own thread only passes on what the others raised.
        del failed[0]
    return next((at + 1 for at in range(len(log) - 1, -1, -1) if log[at][0].index in failed), len(log))
