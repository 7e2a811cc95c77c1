"""A check whether threads of an execution touch the same thing, and one of them changes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...control import Step, touches_of
from ...control.steps import READ, WRITES, Use, kinds


class _Touched:
    """The threads that touch a part of an object, and those that change it."""

    __slots__ = ("changed", "touched")

    def __init__(self) -> None:
        self.touched: set[int] = set()
        self.changed: set[int] = set()

    def add(self, thread: int, *, writes: bool) -> None:
        self.touched.add(thread)
        if writes:
            self.changed.add(thread)

    def is_shared_with(self, others: Iterable[_Touched]) -> bool:
        """Whether one thread changes what another one touches, here or in parts that overlap with this one."""
        for other in (self, *others):
            if (self.changed and len(self.changed | other.touched) > 1) or (
                other.changed and len(other.changed | self.touched) > 1
            ):
                return True
        return False


def shares_something(log: Sequence[Step], uses: Sequence[Use] = ()) -> bool:
    """Whether two threads touch the same thing and one of them changes it, in whatever order.

    What is done before the first thread is started does not count: it may never change again afterwards.
    """
    #: By object, by part of it (None for the whole).
    found: dict[Any, dict[Any, _Touched]] = {}
    started = len(log)
    for position, (unit, operation, touches) in enumerate(log):
        if operation.kind == kinds.START:
            started = min(started, position)
        if position > started:
            for key, part, how in touches_of(operation, touches):
                found.setdefault(key, {}).setdefault(part, _Touched()).add(unit.index, writes=bool(how & WRITES))
    for use in uses:
        if use.position > started and use.thing.kind != "process":
            writes = use.way != READ
            found.setdefault(use.thing.key, {}).setdefault(None, _Touched()).add(use.unit.index, writes=writes)
    for parts in found.values():
        whole = parts.get(None)
        for part, touched in parts.items():
            if touched.is_shared_with([] if whole is None or part is None else [whole]):
                return True
    return False
