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
from .units._units import Task, Unwind

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
        self.current: Task | None = None
        self._victims: deque[Task] = deque()
        runner = execution.running
        if execution.stuck is not None:
            execution.lasting.keep(execution)
        for task in execution.tasks:
            task.special = True
            if not (task.done or task.lasting or task is execution.main):
                self._victims.append(task)
        #: Whether one of them could have gone on.
        self.cut_off = execution.stuck is None and any(task.enabled for task in self._victims)
        if interrupted and runner is not None and runner in self._victims:
            # It still runs, and ends at its next scheduling point.
            self._victims.remove(runner)
            self.current = runner

    def add(self, task: Task) -> None:
        """A thread that was started by one that is being ended: it does not begin."""
        task.special = True
        self._victims.append(task)

    # -- in the threads that are ended -----------------------------------------------------------------------

    def begin_from(self, task: Task) -> None:
        """A running thread has found that nothing can go on; it is one of those to be ended, unless it lasts."""
        if task.lasting:
            self.next_victim()
            self._wait_to_be_let_go(task)
        if self._wake_next(task):
            raise Unwind
        if task is self.execution.main:
            if self.current is not None:
                task.half.gate.acquire()
            task.doomed = True
            raise Unwind
        task.half.gate.acquire()
        self.woken(task)

    def woken(self, task: Task) -> None:
        """A parked thread has been woken for its end."""
        if task.at_large:
            self.execution.let_go(task)
        if task is self.execution.main and task.done:
            return
        if not task.abandoned:
            task.doomed = True
            raise Unwind
        self._park_for_good(task)

    def point(self, task: Task) -> None:
        """A scheduling point while ending: passed, but not for ever."""
        if task.lasting:
            # It ran when a time limit was over.
            self._wait_to_be_let_go(task)
        if task.abandoned:
            self._park_for_good(task)
        main = self.execution.main
        if not task.doomed and (task is not main or (self.execution.stuck is not None and not main.done)):
            task.doomed = True
            raise Unwind
        steps = self._steps[task.index] = self._steps.get(task.index, 0) + 1
        if steps % UNWINDING_STEPS == 0:
            self._refuse(task)

    def wait(self, task: Task, resource: Resource) -> None:
        """A wait while ending: granted where it need not wait, else refused."""
        self.point(task)
        if not resource.available(task):
            self._refuse(task)

    def _refuse(self, task: Task) -> None:
        task.refusals += 1
        if task.refusals > REFUSALS and task is not self.execution.main:
            # The watchdog abandons it. It could not do so itself: it may be interrupted at any moment.
            self._park_for_good(task)
        raise Unwind

    def _wait_to_be_let_go(self, task: Task) -> NoReturn:
        task.half.gate.acquire()
        self.execution.let_go(task)

    def _park_for_good(self, task: Task) -> None:
        gate = task.half.gate
        while True:
            gate.acquire()

    # -- one after the other ---------------------------------------------------------------------------------

    def finished(self, task: Task) -> None:
        """A thread has ended: on with the next."""
        if not task.abandoned and task is self.current:
            self.next_victim()

    def next_victim(self) -> None:
        """Wake the next thread to be ended, or the test's own thread when there is none left."""
        if not self._wake_next(None):
            main = self.execution.main
            self.execution.running = main
            if main.half.gate.locked():
                main.half.gate.release()

    def _wake_next(self, caller: Task | None) -> bool:
        """Wake the next one; True where it is the caller itself, who need not be woken."""
        while self._victims:
            task = self._victims.popleft()
            if task.done:
                continue
            self.current = task
            self.execution.running = task
            task.doomed = True
            if task is caller:
                return True
            if task.outside:
                # It blocks where it cannot be reached; if it comes back, it ends at its next scheduling point.
                self.execution.outside.leave_ending(task)
                continue
            task.half.gate.release()
            return caller is None
        self.current = None
        return False

    def finish_main(self, main: Task) -> None:
        """In the test's own thread, when the body is done: end all others and wait for it."""
        if self.current is None:
            self._wake_next(None)
        while self.current is not None:
            main.half.gate.acquire()
        for task in self.execution.outside.ending:
            if not task.done:
                self._end_outside(task)
        if self._interrupted:
            settle()

    def _end_outside(self, task: Task) -> None:
        """A thread is where it cannot be reached: it may still compute, and then it can be interrupted."""
        self.interrupt(task)
        pause = new_gate()
        until = real_monotonic_ns() + OUTSIDE_PATIENCE * 1e9
        while not task.done and real_monotonic_ns() < until:
            pause.acquire(timeout=0.001)
        if not task.done:
            self._leak(task)

    def interrupt(self, task: Task) -> None:
        """The thread that is being ended takes long: raise `Unwind` in it wherever it is."""
        self._interrupted = True
        raise_in(task.half.ident, Unwind)

    def abandon(self, task: Task) -> None:
        """The thread cannot be ended: name it, and go on without it."""
        if task.abandoned:
            return
        self._leak(task)
        if task is self.current:
            self.next_victim()

    def _leak(self, task: Task) -> None:
        task.abandoned = True
        take_back(task.half.ident)
        self.leaked.append(SetAside(task.name, user_place(sys._current_frames().get(task.half.ident))))
