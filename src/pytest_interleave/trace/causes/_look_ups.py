"""Look-ups by a `__hash__` or an `__eq__` of the program: when the access is done, and which keys are equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...control import Operation, Step, Touches
from ...control.identity import type_named
from ...control.steps import kinds

_METHODS = ("__hash__", "__eq__")


def ends_look_up(operation: Operation, touches: Touches | None) -> bool:
    """Whether a step is the end of a `__hash__` or an `__eq__` by which an item is looked up."""
    if operation.kind != kinds.RETURN or operation.code.co_name not in _METHODS:
        return False
    return operation.code.co_name == "__hash__" or type_named((touches or ((0, 0, 0),))[-1][0]) in (dict, set)


def with_look_ups_done(log: Sequence[Step]) -> list[Step]:
    """Return the steps, each access that was interrupted while it looked an item up at the step where it is done.

    The step at which it began becomes the end of the look-up. Keys that a look-up has compared count as equal.
    """
    ends, equal = _look_ups(log)
    if not ends:
        return list(log)
    steps = [
        (
            unit,
            operation,
            None if touches is None else tuple((key, equal.part(part), how) for key, part, how in touches),
        )
        for unit, operation, touches in log
    ]
    for begin, end in ends.items():
        if any(steps[at][0] is not steps[begin][0] for at in range(begin + 1, end)):
            steps[begin], steps[end] = steps[end], steps[begin]
    return steps


def _look_ups(log: Sequence[Step]) -> tuple[dict[int, int], _Equal]:
    """Return the last step of the look-ups of each access that has any, by the access, and which keys are equal."""
    ends: dict[int, int] = {}
    equal = _Equal()
    #: By thread and container, the last access; and by thread, the objects that an `__eq__` has accessed.
    last: dict[tuple[int, Any], int] = {}
    compared: dict[int, set[Any]] = {}
    for position, (unit, operation, touches) in enumerate(log):
        if not operation.is_access:
            continue
        if ends_look_up(operation, touches):
            begin = last.get((unit.index, touches[-1][0] if touches else None))
            if begin is not None:
                ends[begin] = position
                equal.unite(compared.pop(unit.index, set()))
        elif operation.code.co_name == "__eq__":
            compared.setdefault(unit.index, set()).update(key for key, _, _ in touches or ())
        elif operation.code.co_name != "__hash__":
            last.update(((unit.index, key), position) for key, _, _ in touches or ())
    return ends, equal


class _Equal:
    """Which keys are equal, by the names of the objects in the execution."""

    def __init__(self) -> None:
        self._first: dict[Any, Any] = {}

    def unite(self, keys: set[Any]) -> None:
        """Count all of these as equal."""
        first, *others = sorted({self._of(key) for key in keys}, key=repr) or [None]
        self._first.update((other, first) for other in others)

    def part(self, part: Any) -> Any:
        """Return the same part for all equal keys."""
        if type(part) is tuple and part and type(part[-1]) is int:
            return (*part[:-1], self._of(part[-1]))
        return part

    def _of(self, key: Any) -> Any:
        while key in self._first:
            key = self._first[key]
        return key
