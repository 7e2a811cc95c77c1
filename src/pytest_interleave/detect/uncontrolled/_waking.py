"""Which threads wake another one in an execution without choices: there they overlap, though no step shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...control import Step
from ...control.steps import kinds

#: They are granted when a thread has begun or ended, or when time has passed: no running thread makes them possible.
_NOT_WOKEN = frozenset((kinds.BEGIN, kinds.JOIN, kinds.SLEEP, kinds.POLL, kinds.IDLE))


def wakings(log: Sequence[Step]) -> Iterator[int]:
    """Find the steps after which another thread could go on as well as the one that took the step.

    To be asked of an execution without choices. There, the thread that woke the other one waited or ended next, so that
    the step is its last one before the other went on.
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
