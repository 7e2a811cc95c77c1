"""FastTrack: the accesses of an execution that nothing orders (Flanagan and Freund, PLDI 2009).

It runs over the log of an execution that is over, or as far as it has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ...control import Step
from ..happens_before._clocks import Accesses, Clock
from ..happens_before._synchronisation import Order
from ._variables import WRITE, Rules, Variable, variables_of


class Conflict(NamedTuple):
    """Two accesses to a variable, by their positions in the log, that nothing orders."""

    variable: Variable
    first: int
    second: int


class History:
    """The latest accesses to one variable, by their ways."""

    __slots__ = ("_ways",)

    def __init__(self) -> None:
        self._ways: dict[int, Accesses] = {}

    def access(self, way: int, rules: Rules, thread: int, clock: Clock[int], step: int) -> list[int]:
        """Take an access into account; the steps of the earlier ones that it is not ordered with."""
        ways = self._ways
        own = ways.get(way)
        if own is None:
            own = ways[way] = Accesses()
        elif own.is_latest(thread, clock[thread]):
            # What came in between and is a race with this one is a race with that one, too.
            return []
        found: list[int] = []
        for other in rules[way]:
            earlier = ways.get(other)
            if earlier is not None:
                found.extend(earlier.unordered(clock))
        if way == WRITE:
            # What comes after this one comes after all before it, or is a race with this one, too.
            for accesses in ways.values():
                accesses.clear()
        own.add(thread, clock, step)
        return found


#: Which rules an access to a part of an object at a step is to follow; None where nobody asked for it.
Wanted = Callable[[Variable, int], Rules | None]


def conflicts_in(log: Sequence[Step], wanted: Wanted) -> Iterator[Conflict]:
    """The pairs of accesses that nothing orders, in the order in which they come to light."""
    order = Order(log)
    histories: dict[Variable, History] = {}
    for position, (unit, operation, touches) in enumerate(log):
        if touches is None:
            order.follow(position, unit, operation)
            continue
        if not touches:
            continue
        for variable, way in variables_of(operation, touches):
            rules = wanted(variable, position)
            if rules is None or not rules[way]:
                continue
            history = histories.get(variable)
            if history is None:
                history = histories[variable] = History()
            for first in history.access(way, rules, unit.index, order.clock_of(unit), position):
                yield Conflict(variable, first, position)
