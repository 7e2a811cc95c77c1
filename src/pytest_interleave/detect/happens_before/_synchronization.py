"""The happens-before relation of one execution, step by step: the operations that order what units do.

A unit that gives something away (a lock, an item of a queue, the news that an event is set) publishes its clock there;
a unit that takes it learns that clock. If the log does not say whether an operation succeeded (a wait with a time
limit), it counts as if it had: that can hide a race of one schedule, but never invents one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...control import Operation, Step, ThreadView, Touches, Unit
from ...control.identity import bases_of, is_one_of
from ...control.primitives import Barrier, Condition, Event, Lock, RLock
from ...control.steps import WRITES, Key, kinds
from ...control.system import LoopEvents
from ._clocks import Clock
from ._holding import Holding


class _Round:
    """One filling of a barrier: what the units that arrived know, and how many they are."""

    __slots__ = ("clock", "count")

    def __init__(self) -> None:
        self.clock: Clock[int] = Clock()
        self.count = 0


class Order:
    """The clock of each unit, while the steps of an execution are followed."""

    def __init__(self, log: Sequence[Step]) -> None:
        self.holding = Holding()
        self._clocks: dict[int, Clock[int]] = {}
        #: The published clocks, by the address of the object that was given away; the log keeps all of these alive.
        self._published: dict[int, Clock[int]] = {}
        #: The same for state outside memory, by what stands for it.
        self._outside: dict[Any, Clock[int]] = {}
        self._started: dict[int, Clock[int]] = {}
        #: By address of a `Thread` object: the index of its unit; and by index of a unit: the position of its last
        #: step.
        self._begun: dict[int, int] = {}
        self._last = {unit.index: position for position, (unit, _, _) in enumerate(log) if not unit.is_clock}
        #: Addresses of events that are set; rounds of barriers, by address; and the round that each unit waits in.
        self._set: set[int] = set()
        self._rounds: dict[int, _Round] = {}
        self._round_of: dict[int, _Round] = {}
        #: By address of the type of a primitive, which may be a derived one: the method that follows its operations.
        self._families: dict[int, Callable[[Unit, Operation], None]] = {}

    def clock_of(self, unit: ThreadView) -> Clock[int]:
        """Return the current clock of a unit."""
        clock = self._clocks.get(unit.index)
        if clock is None:
            clock = self._clocks[unit.index] = Clock({unit.index: 1})
        return clock

    def follow_step(self, position: int, step: Step) -> bool:
        """Take a step into account; return whether it orders threads, rather than being an access to data in memory."""
        unit, operation, touches = step
        if touches is None:
            self.follow(position, unit, operation)
        elif operation.is_external:
            self.follow_external(unit, touches)
        else:
            return False
        return True

    def follow_external(self, unit: Unit, touches: Touches) -> None:
        """Take a step on state outside memory into account.

        A thread that finds what another one has written there comes after it. Two threads that only write to the same
        file do not learn from each other.
        """
        for key, _, how in touches:
            if not (how & WRITES and isinstance(key, Key) and key.is_content):
                self._take_from(unit, key)
        for key, _, how in touches:
            if how & WRITES:
                self._give_to(unit, key)

    def follow(self, position: int, unit: Unit, operation: Operation) -> None:
        """Take a step into account that is not an access to data."""
        kind = operation.kind
        target = operation.target
        if kind == kinds.START:
            self._give(self._started, unit, target)
        elif kind == kinds.BEGIN:
            self._begin(unit, target)
        elif kind in (kinds.JOIN, kinds.IS_ALIVE):
            self._join(position, unit, target)
        elif kind == kinds.THREADS:
            self._see_ends(position, unit)
        elif kind == kinds.AWAIT:
            self._take_from(unit, target.awaited)
        elif target is not None:
            kind_of_target = type(target)
            family = self._families.get(id(kind_of_target))
            if family is None:
                family = self._families[id(kind_of_target)] = self._family_of(kind_of_target)
            family(unit, operation)

    # -- threads ---------------------------------------------------------------------------------------------

    def _begin(self, unit: Unit, target: Any) -> None:
        if unit.parent is None:
            return
        known = self._started.get(id(target))
        self.clock_of(unit).join(self.clock_of(unit.parent) if known is None else known)
        self._begun[id(target)] = unit.index

    def _join(self, position: int, unit: Unit, target: Any) -> None:
        child = self._begun.get(id(target))
        # A unit that takes a later step has not ended yet: the join was given up.
        if child is not None and self._last[child] < position:
            self.clock_of(unit).join(self._clocks[child])

    def _see_ends(self, position: int, unit: Unit) -> None:
        """Let a unit that asks which threads live know of those that have ended."""
        for index, last in self._last.items():
            if last < position and index != unit.index:
                self.clock_of(unit).join(self._clocks[index])

    # -- clocks that are published, and learned --------------------------------------------------------------

    def _give(self, published: dict[int, Clock[int]], unit: Unit, target: Any) -> None:
        clock = self.clock_of(unit)
        known = published.get(id(target))
        if known is None:
            published[id(target)] = Clock(clock)
        else:
            known.join(clock)
        clock[unit.index] += 1

    def _take(self, unit: Unit, target: Any) -> None:
        known = self._published.get(id(target))
        if known is not None:
            self.clock_of(unit).join(known)

    def _take_from(self, unit: Unit, key: Any) -> None:
        known = self._outside.get(key)
        if known is not None:
            self.clock_of(unit).join(known)

    def _give_to(self, unit: Unit, key: Any) -> None:
        clock = self.clock_of(unit)
        self._outside.setdefault(key, Clock()).join(clock)
        clock[unit.index] += 1

    # -- primitives ------------------------------------------------------------------------------------------

    def _family_of(self, kind: type) -> Callable[[Unit, Operation], None]:
        for primitive, family in (
            (Lock, self._of_lock),
            (RLock, self._of_lock),
            (Condition, self._of_condition),
            (Event, self._of_event),
            (Barrier, self._of_barrier),
            (LoopEvents, self._of_loop),
        ):
            if is_one_of(primitive, *bases_of(kind)):
                return family
        return self._of_any

    def _of_lock(self, unit: Unit, operation: Operation) -> None:
        lock = operation.target
        self.holding.follow(unit, operation)
        if operation.kind == kinds.RELEASE:
            self._give(self._published, unit, lock)
        elif operation.kind != kinds.LOCKED and self.holding.holds(unit, lock):
            self._take(unit, lock)

    def _of_condition(self, unit: Unit, operation: Operation) -> None:
        condition = operation.target
        if operation.kind == kinds.WAIT:
            self.holding.follow(unit, operation)
            self._give(self._published, unit, condition._lock)
        elif operation.kind == kinds.WOKEN:
            self.holding.follow(unit, operation)
            self._take(unit, condition._lock)
            self._take(unit, condition)
        else:
            self._give(self._published, unit, condition)

    def _of_event(self, unit: Unit, operation: Operation) -> None:
        event = operation.target
        if operation.kind == kinds.SET:
            self._set.add(id(event))
            self._give(self._published, unit, event)
        elif operation.kind == kinds.CLEAR:
            self._set.discard(id(event))
        elif operation.kind == kinds.WAIT or id(event) in self._set:
            self._take(unit, event)

    def _of_any(self, unit: Unit, operation: Operation) -> None:
        if operation.kind in kinds.GIVING:
            self._give(self._published, unit, operation.target)
        elif operation.kind in kinds.TAKING:
            self._take(unit, operation.target)

    def _of_loop(self, unit: Unit, operation: Operation) -> None:
        if operation.kind == kinds.WAKE:
            self._give(self._published, unit, operation.target)
        else:
            self._take(unit, operation.target)

    def _of_barrier(self, unit: Unit, operation: Operation) -> None:
        key = id(operation.target)
        clock = self.clock_of(unit)
        if operation.kind in (kinds.RESET, kinds.ABORT, kinds.BROKEN):
            # The units that wait at it learn that it is broken, and so do units that reach it later.
            self._rounds.pop(key, None)
            self._give(self._published, unit, operation.target)
        elif operation.kind == kinds.ARRIVE:
            self._take(unit, operation.target)
            this = self._rounds.setdefault(key, _Round())
            self._round_of[unit.index] = this
            this.count += 1
            if this.count == operation.target.parties:
                # The last one continues at once.
                clock.join(this.clock)
                del self._rounds[key]
            this.clock.join(clock)
            clock[unit.index] += 1
        else:
            this = self._round_of[unit.index]
            if operation.kind == kinds.ACTED:
                this.clock.join(clock)
                clock[unit.index] += 1
            else:
                clock.join(this.clock)
                self._take(unit, operation.target)
