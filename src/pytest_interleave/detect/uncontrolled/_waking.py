"""Wake-ups in an execution without choices: the two threads overlap there, though no step shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...control import Step
from ...control.steps import kinds

#: Operations that are granted when a thread has started or ended, or when time has passed: no running thread makes them
#: possible.
_NOT_WOKEN = frozenset((kinds.BEGIN, kinds.JOIN, kinds.SLEEP, kinds.POLL, kinds.IDLE))


def wakings(log: Sequence[Step]) -> Iterator[int]:
    """Yield the positions of the steps after which another thread could run as well as the one that took the step.

    This is for an execution without choices. There, the thread that woke the other one waited or ended next, so that
    the step is its last one before the other one continued.
    """
    before = None
    for position, (unit, operation, _) in enumerate(log):
        if (
            before is not None
            and unit is not before
            and operation.kind not in _NOT_WOKEN
            and operation.expired_at is None
        ):
            yield position - 1
        before = unit
