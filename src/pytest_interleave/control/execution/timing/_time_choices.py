"""Time as a choice of the strategy: the clock is one more unit, and time passes when it runs.

Meanwhile the running thread is held up, as a busy machine, a garbage collection or a debugger would hold it up. The
clock is among the enabled units while time could matter: while a wait has a deadline, or since a thread has read the
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...scope._places import is_ours
from ...steps._kinds import HELD_UP, START
from ...steps._operations import Operation
from ..units._enabled import EnabledAndClock
from ..units._part import Part
from ..units._units import Unit
from ._clock import SECOND
from ._timers import is_meant_to_last

if TYPE_CHECKING:
    from types import FrameType

    from .._execution import Execution

#: The index of the clock, behind those of all threads. The position in `LEAPS` is added, so that a schedule says by how
#: much time passes.
CLOCK = 1_000_000
#: At most this many times, time passes as a choice in one execution; then the clock is not offered any more. Otherwise
#: a polling loop could run forever.
MOST = 20
#: Seconds by which time passes if no wait ends before; the same throughout one execution. For leases, caches, and other
#: limits that no thread waits for.
LEAPS = (3_600, 60, 1, 10, 400 * 86_400, 600)
#: If a thread has read the time, a wait is cut to what is left of it divided by this number, so that only what was read
#: is out of date.
_PART_LEFT = 20
#: If a wait has at most this many nanoseconds left, it is over at once.
_SHORTEST = SECOND // 1_000
#: Modules that read the time to compute how long to wait, or for a message.
_NO_COMPARISON = frozenset(("asyncio.base_events", "concurrent.futures._base", "logging", "queue", "threading"))


class ClockUnit(Unit):
    """The clock: for the strategy, a unit that can always run."""

    __slots__ = ()

    is_clock = True
    #: It is no thread.
    thread = None


class HeldUp(Operation):
    """The step in which a thread, its target, is held up at the place of the operation `where`."""

    __slots__ = ("nanoseconds",)

    def __init__(self, held_up: Unit, where: Operation) -> None:
        super().__init__(HELD_UP, held_up, where.code, where.lasti)
        self.place = where.place
        #: Length of the delay, in virtual nanoseconds.
        self.nanoseconds = 0

    def lasted(self, nanoseconds: int) -> None:
        """Set the length of the delay, which is over."""
        self.nanoseconds = nanoseconds
        self.name = duration(nanoseconds)


class TimeChoices(Part):
    """Time as a choice: offers the clock to the strategy, and lets time pass when it is chosen."""

    def __init__(self, execution: Execution, leap: int) -> None:
        super().__init__(execution)
        self._leap = LEAPS[leap] * SECOND
        main = execution.main
        self.clock = ClockUnit(execution, CLOCK + leap, "clock", HeldUp(main, main.operation), None, daemon=True)
        self.clock.path = (CLOCK + leap,)
        self._enabled = execution.enabled = EnabledAndClock(self.clock)
        execution.strategy.spawned(self.clock)
        self._left = MOST
        #: Whether a thread has read the time since it last passed.
        self._read = False

    def read(self, frame: FrameType) -> None:
        """Note that a thread has read the time, in `frame`."""
        if frame.f_globals.get("__name__") not in _NO_COMPARISON:
            self._read = True
            self._offer()

    def waits(self, unit: Unit) -> None:
        """Note that a thread begins to wait with a deadline."""
        if self._matters(unit):
            self._offer()

    def _matters(self, unit: Unit) -> bool:
        """Whether a wait may expire early: not if it is meant to last, or is to end what hangs, in our own fixtures."""
        return not (is_meant_to_last(unit) or is_ours(unit.operation.code.co_filename))

    def _offer(self) -> None:
        """Offer the clock from now on, as time could matter."""
        execution = self.execution
        if self._left and execution.long is None and not execution.draining and not self._waits_outside():
            self._enabled.offer()

    def _waits_outside(self) -> bool:
        """Whether a thread is in the operating system, or has started a process: that takes real time."""
        uses = self.execution.uses
        return self.execution.outside.busy or (
            uses is not None and any(use.thing.kind == "process" for use in uses.all)
        )

    def go_on(self, running: Unit | None) -> Unit:
        """Let time pass instead of the running thread, as the strategy has chosen the clock; then choose again."""
        execution = self.execution
        enabled = execution.enabled
        while True:
            self._pass(enabled[0] if running is None else running)
            if len(enabled) == 1:
                return enabled[0]
            # As after a thread that has blocked, so that the choice has a place of its own after the clock's step.
            chosen = enabled[execution.strategy.choose(enabled, None)]
            execution.choices.append(chosen.index)
            if chosen is not self.clock:
                return chosen

    def _pass(self, held_up: Unit) -> None:
        execution = self.execution
        elapsed = execution.clock.elapsed
        where = held_up.operation if held_up.begun else self._start_of(held_up)
        operation = HeldUp(held_up, where)
        self.clock.operation = operation
        execution.log.append((self.clock, operation, None))
        self._enabled.withhold()
        self._left -= 1
        self._let_pass()
        operation.lasted(execution.clock.elapsed - elapsed)
        if self._next_deadline() is not None:
            self._offer()

    def _start_of(self, unit: Unit) -> Operation:
        """Return the operation that has started a thread."""
        begin = unit.operation
        starts = (step[1] for step in reversed(self.execution.log) if step[1].kind == START)
        return next((start for start in starts if start.target is begin.target), begin)

    def _next_deadline(self) -> int | None:
        deadlines = (unit.deadline for unit in self.execution.timers.waiting(daemons=True) if self._matters(unit))
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _let_pass(self) -> None:
        """Let time pass up to the next moment that could matter."""
        execution = self.execution
        timers, clock = execution.timers, execution.clock
        read, self._read = self._read, False
        elapsed = clock.elapsed
        deadline = self._next_deadline()
        if deadline is None:
            clock.elapsed += self._leap
        else:
            left = deadline - elapsed
            if read and left > _SHORTEST:
                clock.elapsed += min(self._leap, left - left // _PART_LEFT)
            else:
                clock.advance_to(deadline)
        passed = clock.elapsed - elapsed
        clock.chosen += passed
        for unit in execution.units:
            if unit.deadline is not None and not unit.timed_out and not self._matters(unit):
                # For these no time has passed.
                unit.deadline += passed
        timers.expire_due()


def duration(nanoseconds: int) -> str:
    """Return a text for people: "0.25 s", "30 s", "1 h"."""
    seconds = nanoseconds / SECOND
    for size, unit in ((86_400, "days"), (3_600, "h")):
        if seconds >= size and round(seconds / size, 2) == round(seconds / size):
            return f"{seconds / size:.0f} {unit}"
    if seconds < 0.001:
        return "less than 1 ms"
    return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:,.0f} s"
