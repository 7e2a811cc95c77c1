"""The end of an execution: each remaining thread raises `Unwind` where it waits, one thread after the other.

While a thread unwinds, its `finally` blocks and `with` statements run. What they wait for is granted if it is
available. Otherwise the wait is refused: `Unwind` is raised again. A thread that does not end is abandoned: a warning
names it, and at its next scheduling point it waits for good.
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
from .units._units import Unit
from .units._unwind import Unwind

if TYPE_CHECKING:
    from ._execution import Execution

#: Scheduling points that a thread may pass while it unwinds; each time it has passed this many, `Unwind` is raised in
#: it again.
UNWINDING_STEPS = 10_000
#: At most this many waits of a thread are refused; after that it is abandoned.
REFUSALS = 100
#: Real seconds that a thread may take to unwind; then it is interrupted and, after as long again, abandoned.
PATIENCE = 1.0
#: Real seconds that an interrupted thread outside the scheduler's sight may take to end; then it is abandoned.
OUTSIDE_PATIENCE = 0.2


class Closing:
    """The end of one execution that cannot continue, or whose test body has ended."""

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
        #: Whether a thread is ended that could have continued.
        self.cut_off = execution.stuck is None and any(unit.enabled for unit in self._victims)
        if interrupted and runner is not None and runner in self._victims:
            # It still runs, and ends at its next scheduling point.
            self._victims.remove(runner)
            self.current = runner

    def add(self, unit: Unit) -> None:
        """Add a thread that was started by one that is being ended; the new one does not begin."""
        unit.special = True
        self._victims.append(unit)

    # -- in the threads that are ended -----------------------------------------------------------------------

    def begin_from(self, unit: Unit) -> None:
        """Start to end the threads, because the running thread `unit` has found that nothing can continue.

        `unit` is one of those to be ended and raises `Unwind`, unless it lasts: then it raises `LetGo`.
        """
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
        """Raise `Unwind` in a parked thread that was woken to end.

        A thread that outlives the execution raises `LetGo`; an abandoned one waits for good.
        """
        if unit.at_large:
            self.execution.let_go(unit)
        if unit is self.execution.main and unit.done:
            return
        if not unit.abandoned:
            unit.doomed = True
            raise Unwind
        self._park_for_good(unit)

    def point(self, unit: Unit) -> None:
        """Let a thread pass a scheduling point while threads are ended, but not forever.

        Raises `Unwind` in a thread that has not started to unwind, and after each `UNWINDING_STEPS` points.
        """
        if unit.lasting:
            # It was the running thread when a time limit expired.
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
        """Grant a wait while threads are ended if `resource` is available; otherwise raise `Unwind`."""
        self.point(unit)
        if not resource.available(unit):
            self._refuse(unit)

    def _refuse(self, unit: Unit) -> None:
        unit.refusals += 1
        if unit.refusals > REFUSALS and unit is not self.execution.main:
            # The watchdog abandons the thread. The thread could not do so itself: it may be interrupted at any moment.
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
        """Wake the next thread to be ended after `unit` has ended."""
        if not unit.abandoned and unit is self.current:
            self.next_victim()

    def next_victim(self) -> None:
        """Wake the next thread to be ended, or the test's own thread if none is left."""
        if not self._wake_next(None):
            main = self.execution.main
            self.execution.running = main
            if main.half.gate.locked():
                main.half.gate.release()
            # It may be outside, and compute forever.
            self.interrupt_main()

    def _wake_next(self, caller: Unit | None) -> bool:
        """Wake the next thread to be ended.

        With a `caller`, the answer is True if that is the next one, which needs no wake-up. Without one, it is True if
        a thread was woken.
        """
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
                # It blocks where the scheduler cannot reach it. If it returns, it ends at its next scheduling point.
                self.execution.outside.leave_ending(unit)
                continue
            unit.half.gate.release()
            return caller is None
        self.current = None
        return False

    def finish_main(self, main: Unit) -> None:
        """End all other threads, in the test's own thread, when the body has ended, and wait until that is done."""
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
        """Interrupt a thread that cannot be reached, as it may still compute; abandon it if that does not end it."""
        self.interrupt(unit)
        pause = new_gate()
        until = real_monotonic_ns() + OUTSIDE_PATIENCE * 1e9
        while not unit.done and real_monotonic_ns() < until:
            pause.acquire(timeout=0.001)
        if not unit.done:
            self._leak(unit)

    def interrupt(self, unit: Unit) -> None:
        """Raise `Unwind` in a thread wherever it is, because it takes long to end."""
        self._interrupted = True
        raise_in(unit.half.ident, Unwind)

    def interrupt_main(self) -> bool:
        """Raise `Unwind` in the test's own thread if it is outside, and in the test; return whether that is so."""
        return self.execution.outside.reach_main(self._unwind)

    def _unwind(self, unit: Unit) -> None:
        unit.doomed = True
        self.interrupt(unit)

    def abandon(self, unit: Unit) -> None:
        """Continue without a thread that cannot be ended, and note its name."""
        if unit.abandoned:
            return
        self._leak(unit)
        if unit is self.current:
            self.next_victim()

    def _leak(self, unit: Unit) -> None:
        unit.abandoned = True
        take_back(unit.half.ident)
        self.leaked.append(SetAside(unit.name, user_place(sys._current_frames().get(unit.half.ident))))
