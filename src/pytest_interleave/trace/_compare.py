"""Comparison of two executions of one schedule, operation by operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..control import Operation, Step, Unit, is_ours

Steps = Sequence[Step]


class Difference(NamedTuple):
    """The first step at which two executions of the same schedule differ."""

    #: The number of the step, from 1.
    step: int
    first: str
    second: str
    #: The place of one of the two operations; empty if none is outside of this package's files.
    place: str = ""

    def __str__(self) -> str:
        return f"step {self.step}: first {self.first}, then {self.second}"


def first_difference(first: Steps, second: Steps) -> Difference | None:
    """Return the first step that differs, or None."""
    for number, ((unit, operation, _), (other_unit, other, _)) in enumerate(zip(first, second, strict=False), 1):
        if unit.index != other_unit.index or not operation.same_as(other):
            return Difference(number, _tell(unit, operation), _tell(other_unit, other), _place(operation, other))
    if len(first) == len(second):
        return None
    number = min(len(first), len(second)) + 1
    longer = first if len(first) > len(second) else second
    unit, operation, _ = longer[number - 1]
    more, place = _tell(unit, operation), _place(operation)
    ends = "the end of the execution"
    return Difference(number, *((more, ends) if longer is first else (ends, more)), place)


def _place(*operations: Operation) -> str:
    """Return the place of the first operation that is not in a file of this package; empty if there is none."""
    places = (operation.where() for operation in operations)
    return next((str(place) for place in places if not is_ours(place.filename)), "")


def _tell(unit: Unit, operation: Operation) -> str:
    what = f"{operation.kind} {operation.name}".strip()
    place = operation.where()
    # The place of a step that this package makes for the test, such as a join of run_concurrent, says nothing.
    return f"{unit.name} ran `{what}`" + ("" if is_ours(place.filename) else f" at {place}")
