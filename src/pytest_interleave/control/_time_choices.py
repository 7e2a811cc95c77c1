"""Time as a choice of the strategy: the clock is one more thread, and that it runs means that time passes.

The running thread is held up meanwhile, as a busy machine, a garbage collection or a debugger would hold it up. The
clock is among the enabled threads while time could matter: while a wait has a deadline, or since a thread has read
the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._clock import SECOND
from ._operations import HELD_UP, Operation
from ._part import Part
from ._tasks import Task
from ._timers import is_meant_to_last

if TYPE_CHECKING:
    from types import FrameType

    from ._execution import Execution

#: The index of the clock, behind those of all threads, and its path.
CLOCK = 1_000_000
#: So often time passes as a choice in one execution, at most: otherwise a polling loop could go on forever.
MOST = 20
#: Where no wait ends, time passes by so much; by the second if the strategy chooses the clock again at once. Leases
#: and caches last for less, as a rule.
_LEAPS = (3_600 * SECOND, 30 * 86_400 * SECOND)
#: So much is left of a wait if only what was read of the clock is to be out of date.
_BEFORE = SECOND // 1_000
#: They read the time to compute how long to wait, or for a message.
_NO_COMPARISON = frozenset(("asyncio.base_events", "concurrent.futures._base", "logging", "queue", "threading"))


class ClockTask(Task):
    """The clock, for the strategy a thread that can always go on."""

    __slots__ = ()

    is_clock = True


class TimeChoices(Part):
    """Offers the clock to the strategy, and lets time pass when it is chosen."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution)
        main = execution.main
        operation = Operation(HELD_UP, main, main.operation.code, 0)
        self.clock = ClockTask(execution, CLOCK, "clock", operation, None, daemon=True)
        self.clock.path = (CLOCK,)
        execution.strategy.spawned(self.clock)
        self._left = MOST
        #: Whether a thread has read the time since it last passed.
        self._read = False
        #: Where the log was when time last passed, and how often it has passed there.
        self._at = -1
        self._row = 0

    def read(self, frame: FrameType) -> None:
        """A thread has read the time, in `frame`."""
        if frame.f_globals.get("__name__") not in _NO_COMPARISON:
            self._read = True
            self._offer()

    def waits(self, task: Task) -> None:
        """A thread begins to wait with a deadline."""
        if not is_meant_to_last(task):
            self._offer()

    def _offer(self) -> None:
        """From now on time could matter."""
        execution = self.execution
        if self._left and execution.long is None and not execution.draining:
            execution.enabled.offer(self.clock)

    def go_on(self, running: Task | None) -> Task:
        """The strategy has chosen the clock, in the place of the running thread: let time pass, and choose again."""
        execution = self.execution
        enabled = execution.enabled
        while True:
            self._pass(enabled[0] if running is None else running)
            if len(enabled) == 1:
                return enabled[0]
            # As after a thread that has blocked: so the choice has a place of its own, after the clock's step.
            chosen = enabled[execution.strategy.choose(enabled, None)]
            execution.choices.append(chosen.index)
            if chosen is not self.clock:
                return chosen

    def _pass(self, held_up: Task) -> None:
        execution = self.execution
        elapsed = execution.clock.elapsed
        self._row = self._row + 1 if self._at == len(execution.log) else 0
        operation = Operation(HELD_UP, held_up, held_up.operation.code, held_up.operation.lasti)
        operation.place = held_up.operation.place
        self.clock.operation = operation
        execution.log.append((self.clock, operation, None))
        execution.enabled.withhold()
        self._left -= 1
        matters = self._let_pass()
        operation.name = duration(execution.clock.elapsed - elapsed)
        self._at = len(execution.log)
        if matters or execution.timers.has_deadline():
            self._offer()

    def _let_pass(self) -> bool:
        """Up to the next moment that could matter. Whether one after that could matter, too."""
        timers, clock = self.execution.timers, self.execution.clock
        read, self._read = self._read, False
        if timers.has_deadline():
            due = timers.next_deadline() - _BEFORE
            if not read or due <= clock.elapsed:
                timers.advance()
            else:
                clock.advance_to(due)
            return True
        clock.elapsed += _LEAPS[min(self._row, len(_LEAPS) - 1)]
        return self._row + 1 < len(_LEAPS)


def duration(nanoseconds: int) -> str:
    """For people: "0.25 s", "30 s", "1 h"."""
    seconds = nanoseconds / SECOND
    for size, unit in ((86_400, "days"), (3_600, "h")):
        if seconds >= size and round(seconds / size, 2) == round(seconds / size):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:,.0f} s"
