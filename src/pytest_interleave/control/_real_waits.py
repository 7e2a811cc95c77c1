"""How long a thread has really waited in the operating system, where the scheduler does not see it.

Only such waits are to move the virtual clock: not what is computed, however long that takes, and not what a thread
waits for the processor because the machine is busy. So what is measured is real time, less the time that the thread
was parked, computed, or could have run.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ._clock import _real_monotonic_ns

if TYPE_CHECKING:
    from ._execution import Execution
    from ._outcome import SetAside
    from ._tasks import Task

#: Shorter waits than this many nanoseconds do not count: a thread waits for the GIL now and then.
SHORTEST = 500_000
#: Nor do those that are a smaller part than this of the time since the last look at the clock.
_SMALLEST_PART = 8


class Usage:
    """What a thread has used of the processor, in nanoseconds: time in which it ran, and could have run."""

    __slots__ = ("delayed", "ran")

    def __init__(self, ran: int, delayed: int) -> None:
        self.ran = ran
        self.delayed = delayed


def usage_of(native_id: int | None) -> Usage | None:
    """The usage of a thread of this process so far; None where the operating system does not tell."""
    try:
        file = os.open(f"/proc/self/task/{native_id}/schedstat", os.O_RDONLY)
    except OSError:
        return None
    try:
        ran, delayed, *_ = os.read(file, 100).split()
    except (OSError, ValueError):
        return None
    finally:
        os.close(file)
    return Usage(int(ran), int(delayed))


def used_since(task: Task, before: Usage | None) -> int:
    """Nanoseconds in which a thread has run, or could have run, since; 0 where nobody tells."""
    if before is None:
        return 0
    now = usage_of(task.native_id)
    return 0 if now is None else max(0, now.ran + now.delayed - before.ran - before.delayed)


class Outing:
    """The time that a thread is out of the scheduler's sight."""

    __slots__ = ("_since", "_steps", "_task", "_used", "began", "note", "waited")

    def __init__(self, task: Task, since: int, execution: Execution, note: SetAside | None) -> None:
        self._task = task
        #: Real time.
        self._since = since
        self._used = usage_of(task.native_id)
        self._steps = _steps_of(execution)
        #: Virtual time when it began, and how long it lasted in real time, in nanoseconds.
        self.began = execution.clock.elapsed
        self.waited = 0
        #: What a warning is to say of it.
        self.note = note

    def end(self) -> None:
        """The thread is back."""
        self.waited = max(0, _real_monotonic_ns() - self._since - used_since(self._task, self._used))

    def is_alone(self, execution: Execution) -> bool:
        """Whether nobody has done anything meanwhile."""
        return _steps_of(execution) == self._steps


def _steps_of(execution: Execution) -> int:
    return len(execution.log) + (0 if execution.long is None else execution.long.steps)


class TimedGate:
    """A gate that adds up how long its thread is parked there."""

    __slots__ = ("_gate", "locked", "parked", "release")

    def __init__(self, gate: Any) -> None:
        self._gate = gate
        self.release = gate.release
        self.locked = gate.locked
        #: Nanoseconds of real time.
        self.parked = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """See `threading.Lock.acquire`."""
        began = _real_monotonic_ns()
        try:
            return bool(self._gate.acquire(blocking, timeout))
        finally:
            self.parked += _real_monotonic_ns() - began


class RealWaits:
    """The real waits of one controlled thread, from its first look at the clock on. To be asked in that thread."""

    __slots__ = ("_began", "_delayed", "_gate", "_ran", "_short", "_starting", "_task", "accounted", "now")

    def __init__(self, task: Task) -> None:
        self._task = task
        self._gate = TimedGate(task.gate)
        gate: Any = self._gate
        task.gate = gate
        #: Nanoseconds by which the clock has gone on already, because the thread was set aside.
        self.accounted = 0
        #: When it last looked.
        self.now = _real_monotonic_ns()
        self._begin()

    def _begin(self) -> None:
        """From here on anew."""
        usage = usage_of(self._task.native_id)
        self._delayed = None if usage is None else usage.delayed
        self._ran = time.thread_time_ns()
        self._began = self.now - self._elsewhere()
        self.accounted = 0
        #: The sum of intervals that were too short to be looked at.
        self._short = 0

    def _elsewhere(self) -> int:
        """Nanoseconds that it was parked, or waited for new threads to be there."""
        return self._gate.parked + self._task.execution.carriers.starting

    def since_last(self) -> int:
        """Nanoseconds by which the clock is to go on for what the thread has really waited since its last look."""
        now = _real_monotonic_ns()
        latest = now - self._elsewhere()
        passed = latest - self._began - self._short
        self.now = now
        if passed < SHORTEST or self._delayed is None:
            self._short += passed
            return 0
        usage = usage_of(self._task.native_id)
        delayed = 0 if usage is None else usage.delayed - self._delayed
        ran = max(0, time.thread_time_ns() - self._ran - self._short)
        waited = passed - ran - delayed
        accounted = self.accounted
        self._begin()
        if waited < max(SHORTEST, passed // _SMALLEST_PART):
            return 0
        # What it waited for may have begun before it did, while it still computed.
        return max(0, min(passed, 2 * waited) - accounted)
