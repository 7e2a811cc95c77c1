"""How an execution ends its threads: each is made to raise `Unwind` where it waits, one after the other.

While a thread unwinds, its `finally` blocks and `with` statements run; what they wait for is granted where it is
available, and refused by raising `Unwind` again where it is not. A thread that does not end is abandoned: it is
named in a warning, and refused everything for good.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, NoReturn

from ..interpreter._async_raise import raise_in, settle, take_back
from ..interpreter._real_clocks import real_monotonic_ns
from ..scope._places import user_place
from ..scope._real import new_gate
from .units._outcome import SetAside
from .units._resources import Resource
from .units._units import Unit, Unwind

if TYPE_CHECKING:
    from ._execution import Execution

#: Scheduling points that a thread may pass while it unwinds, before `Unwind` is raised in it once more.
UNWINDING_STEPS = 10_000
#: How often a thread may be refused before it is abandoned.
REFUSALS = 100
#: Real seconds that a thread may take to unwind, before it is interrupted and, after as long again, abandoned.
PATIENCE = 1.0
#: Real seconds for a thread that is outside the scheduler's sight.
OUTSIDE_PATIENCE = 0.2


class Closing:
    """The end of one execution. Made when it cannot go on, or when the test body is done."""

    def __init__(self, execution: Execution, *, interrupted: bool) -> None:
        self.execution = execution
        self.leaked: list[SetAside] = []
        self._steps: dict[int, int] = {}
        self._interrupted = False
        self.current: Unit | None = None
        self._victims: deque[Unit] = deque()
        runner = execution.running
        if execution.stuck is not None:
            execution.lasting.keep(execution)
        for unit in execution.units:
            unit.special = True
            if not (unit.done or unit.lasting or unit is execution.main):
                self._victims.append(unit)
        #: Whether one of them could have gone on.
        self.cut_off = execution.stuck is None and any(unit.enabled for unit in self._victims)
        if interrupted and runner is not None and runner in self._victims:
            # It still runs, and ends at its next scheduling point.
            self._victims.remove(runner)
            self.current = runner

    def add(self, unit: Unit) -> None:
        """A thread that was started by one that is being ended: it does not begin."""
        unit.special = True
        self._victims.append(unit)

    # -- in the threads that are ended -----------------------------------------------------------------------

    def begin_from(self, unit: Unit) -> None:
        """A running thread has found that nothing can go on; it is one of those to be ended, unless it lasts."""
        if unit.lasting:
            self.next_victim()
            self._wait_to_be_let_go(unit)
        if self._wake_next(unit):
            raise Unwind
        if unit is self.execution.main:
            if self.current is not None:
                unit.half.gate.acquire()
            unit.doomed = True
            raise Unwind
        unit.half.gate.acquire()
        self.woken(unit)

    def woken(self, unit: Unit) -> None:
        """A parked thread has been woken for its end."""
        if unit.at_large:
            self.execution.let_go(unit)
        if unit is self.execution.main and unit.done:
            return
        if not unit.abandoned:
            unit.doomed = True
            raise Unwind
        self._park_for_good(unit)

    def point(self, unit: Unit) -> None:
        """A scheduling point while ending: passed, but not for ever."""
        if unit.lasting:
            # It ran when a time limit was over.
            self._wait_to_be_let_go(unit)
        if unit.abandoned:
            self._park_for_good(unit)
        main = self.execution.main
        if not unit.doomed and (unit is not main or (self.execution.stuck is not None and not main.done)):
            unit.doomed = True
            raise Unwind
        steps = self._steps[unit.index] = self._steps.get(unit.index, 0) + 1
        if steps % UNWINDING_STEPS == 0:
            self._refuse(unit)

    def wait(self, unit: Unit, resource: Resource) -> None:
        """A wait while ending: granted where it need not wait, else refused."""
        self.point(unit)
        if not resource.available(unit):
            self._refuse(unit)

    def _refuse(self, unit: Unit) -> None:
        unit.refusals += 1
        if unit.refusals > REFUSALS and unit is not self.execution.main:
            # The watchdog abandons it. It could not do so itself: it may be interrupted at any moment.
            self._park_for_good(unit)
        raise Unwind

    def _wait_to_be_let_go(self, unit: Unit) -> NoReturn:
        unit.half.gate.acquire()
        self.execution.let_go(unit)

    def _park_for_good(self, unit: Unit) -> None:
        gate = unit.half.gate
        while True:
            gate.acquire()

    # -- one after the other ---------------------------------------------------------------------------------

    def finished(self, unit: Unit) -> None:
        """A thread has ended: on with the next."""
        if not unit.abandoned and unit is self.current:
            self.next_victim()

    def next_victim(self) -> None:
        """Wake the next thread to be ended, or the test's own thread when there is none left."""
        if not self._wake_next(None):
            main = self.execution.main
            self.execution.running = main
            if main.half.gate.locked():
                main.half.gate.release()

    def _wake_next(self, caller: Unit | None) -> bool:
        """Wake the next one; True where it is the caller itself, who need not be woken."""
        while self._victims:
            unit = self._victims.popleft()
            if unit.done:
                continue
            self.current = unit
            self.execution.running = unit
            unit.doomed = True
            if unit is caller:
                return True
            if unit.outside:
                # It blocks where it cannot be reached; if it comes back, it ends at its next scheduling point.
                self.execution.outside.leave_ending(unit)
                continue
            unit.half.gate.release()
            return caller is None
        self.current = None
        return False

    def finish_main(self, main: Unit) -> None:
        """In the test's own thread, when the body is done: end all others and wait for it."""
        if self.current is None:
            self._wake_next(None)
        while self.current is not None:
            main.half.gate.acquire()
        for unit in self.execution.outside.ending:
            if not unit.done:
                self._end_outside(unit)
        if self._interrupted:
            settle()

    def _end_outside(self, unit: Unit) -> None:
        """A thread is where it cannot be reached: it may still compute, and then it can be interrupted."""
        self.interrupt(unit)
        pause = new_gate()
        until = real_monotonic_ns() + OUTSIDE_PATIENCE * 1e9
        while not unit.done and real_monotonic_ns() < until:
            pause.acquire(timeout=0.001)
        if not unit.done:
            self._leak(unit)

    def interrupt(self, unit: Unit) -> None:
        """The thread that is being ended takes long: raise `Unwind` in it wherever it is."""
        self._interrupted = True
        raise_in(unit.half.ident, Unwind)

    def abandon(self, unit: Unit) -> None:
        """The thread cannot be ended: name it, and go on without it."""
        if unit.abandoned:
            return
        self._leak(unit)
        if unit is self.current:
            self.next_victim()

    def _leak(self, unit: Unit) -> None:
        unit.abandoned = True
        take_back(unit.half.ident)
        self.leaked.append(SetAside(unit.name, user_place(sys._current_frames().get(unit.half.ident))))
