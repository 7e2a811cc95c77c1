"""When time passes: for threads that wait with a time limit, sleep, or poll the clock."""

from __future__ import annotations

import concurrent.futures
import queue
import weakref
from typing import TYPE_CHECKING

from ._clock import POLLING_READS, Clock
from ._operations import Operation
from ._tasks import Moment, Task

if TYPE_CHECKING:
    from ._execution import Execution


class Timers:
    """The virtual clock of one execution, and who waits for it."""

    def __init__(self, execution: Execution) -> None:
        self._execution = weakref.ref(execution)
        self.clock = Clock()

    @property
    def execution(self) -> Execution:
        """The execution; only weakly, so that it is freed as soon as it is over. Who calls here holds it."""
        execution = self._execution()
        assert execution is not None
        return execution

    def advance(self) -> bool:
        """Move the clock to the next deadline; whoever is due can go on.

        The answer is False if there is none, or only those of waits that were meant to have no end.
        """
        execution = self.execution
        sleeper = self.earliest(daemons=not execution.draining)
        if sleeper is None or self.is_only_in_theory(sleeper):
            return False
        assert sleeper.deadline is not None
        self.clock.advance_to(sleeper.deadline)
        execution.progress.passed = len(execution.log)
        for task in execution.tasks:
            resource = task.resource
            if (
                resource is not None
                and task.deadline is not None
                and task.deadline <= self.clock.elapsed
                and not task.timed_out
            ):
                task.operation.expired_at = len(self.execution.log)
                resource.expire(task)
        return True

    def is_only_in_theory(self, sleeper: Task) -> bool:
        """Whether only waits are left that a timeout of a day or more ends: the program would hang."""
        return is_meant_to_last(sleeper) and all(map(is_meant_to_last, self._waiting(daemons=True)))

    def next_sleeper(self) -> Task | None:
        """The thread whose sleep ends next, if no timeout expires before; else None."""
        waiting = self._waiting(daemons=True)
        sleeper = min((task for task in waiting if type(task.resource) is Moment), key=_by_deadline, default=None)
        if sleeper is None:
            return None
        due = sleeper.deadline or 0
        limits = (task.deadline or 0 for task in waiting if type(task.resource) is not Moment)
        return sleeper if all(due < limit for limit in limits) else None

    def earliest(self, *, daemons: bool) -> Task | None:
        """The thread whose sleep or timeout ends next; None if there is none."""
        return min(self._waiting(daemons=daemons), key=_by_deadline, default=None)

    def earliest_timeout(self) -> Task | None:
        """The thread whose timeout ends next; None if there is none."""
        waiting = (task for task in self._waiting(daemons=True) if type(task.resource) is not Moment)
        return min(waiting, key=_by_deadline, default=None)

    def _waiting(self, *, daemons: bool) -> list[Task]:
        return [
            task
            for task in self.execution.tasks
            if task.deadline is not None and not task.timed_out and not task.enabled and (daemons or not task.daemon)
        ]

    def pass_time(self, *, leap: bool = False) -> None:
        """The only thread that could run polls: let time pass, at most until another one is due."""
        sleeper = self.earliest(daemons=True)
        if leap:
            self.clock.leap_ahead(None if sleeper is None else sleeper.deadline)
        if sleeper is not None and (not leap or self.clock.elapsed >= (sleeper.deadline or 0)):
            self.advance()

    def sleep(self, task: Task, operation: Operation, seconds: float) -> None:
        """Wait for virtual time to pass; with 0 seconds, let others have their turn."""
        if seconds > 0:
            task.sleeps += 1
            moment = Moment()
            self.execution.wait_for(task, operation, moment, self.clock.deadline(seconds))
            return
        self.execution.point(task, operation)
        if not task.special and len(self.execution.enabled) > 1:
            self.execution.strategy.yielded(task.index)

    def read_clock(self, task: Task) -> None:
        """A thread looks at the clock. One that does so again and again, and never waits, waits for time to pass.

        So it gives way to the others; and where all that could run wait in this manner, time passes.
        """
        task.clock_reads += 1
        if task.clock_reads <= POLLING_READS:
            return
        execution = self.execution
        operation = Operation("poll", task, _POLL, 0, mutates=False)
        if execution.closing is None and all(other.clock_reads > POLLING_READS for other in execution.enabled):
            self.pass_time(leap=True)
        if len(execution.enabled) > 1:
            execution.strategy.yielded(task.index)
        execution.point(task, operation)


def _by_deadline(task: Task) -> tuple[int, int]:
    return task.deadline or 0, task.index


_POLL = Timers.read_clock.__code__

#: Nanoseconds from which on a timeout is no limit that anybody waits for.
_DAY = 86_400 * 10**9
#: The same for events and conditions, whose timeouts are sleeps that can be interrupted, too: of daily jobs, say.
_DECADE = 3_650 * _DAY


def is_meant_to_last(task: Task) -> bool:
    """Whether a thread waits with a timeout so long that only something else was meant to end the wait."""
    if task.patience < _DAY or type(task.resource) is Moment:
        return False
    operation = task.operation
    is_sleep = operation.kind in ("wait", "woken") and operation.code.co_filename not in _STDLIB_WAITS
    return not is_sleep or task.patience >= _DECADE


#: Waits on conditions in these files are no sleeps.
_STDLIB_WAITS = frozenset(
    (queue.__file__, *(f"{path}/_base.py" for path in concurrent.futures.__path__))
)
