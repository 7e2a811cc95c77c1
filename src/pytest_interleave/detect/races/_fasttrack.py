"""FastTrack: the accesses of an execution that nothing orders (Flanagan and Freund, PLDI 2009).

It reads the log of an execution that is over, or the log so far of one that still runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ...control import Step
from ..happens_before._clocks import Accesses, Clock
from ..happens_before._synchronization import Order
from ._variables import WRITE, Rules, Variable, variables_of


class Conflict(NamedTuple):
    """Two accesses to a variable that nothing orders, by their positions in the log."""

    variable: Variable
    first: int
    second: int


class History:
    """The latest accesses to one variable, by way of access."""

    __slots__ = ("_ways",)

    def __init__(self) -> None:
        self._ways: dict[int, Accesses] = {}

    def access(self, way: int, rules: Rules, thread: int, clock: Clock[int], step: int) -> list[int]:
        """Add an access, and return the steps of the earlier ones that it is not ordered with."""
        ways = self._ways
        own = ways.get(way)
        if own is None:
            own = ways[way] = Accesses()
        elif own.is_latest(thread, clock[thread]):
            # An access in between that races with this one races with the one before, too.
            return []
        found: list[int] = []
        for other in rules[way]:
            earlier = ways.get(other)
            if earlier is not None:
                found.extend(earlier.unordered(clock))
        if way == WRITE:
            # A later access comes after all accesses before this write, or is a race with this write, too.
            for accesses in ways.values():
                accesses.clear()
        own.add(thread, clock, step)
        return found


#: Returns the rules for an access to a variable at a step; None if the access is not to be checked.
Wanted = Callable[[Variable, int], Rules | None]


def conflicts_in(log: Sequence[Step], wanted: Wanted) -> Iterator[Conflict]:
    """Yield the pairs of accesses that nothing orders, in the order in which they are found."""
    order = Order(log)
    histories: dict[Variable, History] = {}
    for position, step in enumerate(log):
        unit, operation, touches = step
        if order.follow_step(position, step) or not touches:
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
