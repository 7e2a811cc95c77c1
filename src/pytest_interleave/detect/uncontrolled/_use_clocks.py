"""The time of each use of something outside of memory, and what certainly happened before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...control import Operation, Step, ThreadView, Unit
from ...control.steps import Use, kinds
from ..happens_before._clocks import Clock
from ..happens_before._holding import is_lock
from ..happens_before._synchronization import Order

#: Operations that belong to the step before them; no schedule changes their order.
_NO_CHOICE = frozenset((kinds.ENTER, kinds.LEAVE))
#: Operations that only begin or end a thread's life, or let time pass.
_OF_LIVES = kinds.OF_LIVES | kinds.OF_TIME


class _CertainOrder(Order):
    """The order of steps that is the same in every schedule with the same choices."""

    def follow(self, position: int, unit: Unit, operation: Operation) -> None:
        kind = operation.kind
        if kind in _NO_CHOICE:
            return
        # For an event, only this shows in the log that no thread had set it.
        given_up = operation.expired_at is not None or not (operation.mutates or kind == kinds.WAIT)
        if given_up and kind in kinds.GIVEN_UP and not is_lock(operation.target):
            return
        super().follow(position, unit, operation)


class When(NamedTuple):
    """The time of something that a thread does: on its own clock, and what it knows of the clocks of others."""

    thread: int
    time: int
    clock: Clock[int]

    def is_before(self, other: When) -> bool:
        """Whether this certainly happens before the other."""
        return self.time <= other.clock.get(self.thread, 0)


def times_of(log: Sequence[Step], uses: Sequence[Use]) -> list[When]:
    """Follow an execution, and return the time of each use."""
    order = _CertainOrder(log)
    found: list[When] = []
    at = 0
    for position, (unit, operation, touches) in enumerate(log):
        while at < len(uses) and uses[at].position <= position:
            found.append(_now(order, uses[at].unit))
            at += 1
        if touches is None:
            order.follow(position, unit, operation)
    found.extend(_now(order, use.unit) for use in uses[at:])
    return found


def _now(order: Order, unit: ThreadView) -> When:
    clock = Clock(order.clock_of(unit))
    return When(unit.index, clock[unit.index], clock)


def steps_beside(log: Sequence[Step], spans: Mapping[int, tuple[When, When | None]]) -> set[int]:
    """Return the keys of the spans during which another thread does something.

    Each span has a key, a beginning and perhaps an end.
    """
    order = _CertainOrder(log)
    beside: set[int] = set()
    for position, (unit, operation, touches) in enumerate(log):
        if touches is None:
            order.follow(position, unit, operation)
            if operation.kind in _OF_LIVES or operation.target is None:
                continue
        clock = order.clock_of(unit)
        now = When(unit.index, clock[unit.index], clock)
        for key, (first, last) in spans.items():
            if key in beside or unit.index == first.thread or now.is_before(first):
                continue
            if last is None or not last.is_before(now):
                beside.add(key)
    return beside
