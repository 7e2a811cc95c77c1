"""The time that a thread has really waited in the operating system, where the scheduler does not see it.

Only such waits move the virtual clock: not what is computed, however long that takes, and not what a thread waits for
the processor because the machine is busy. So real time is measured, less the time that the thread was parked, computed,
or could have run.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable
from types import CodeType
from typing import TYPE_CHECKING, Any

from ...interpreter._affinity import has_gil
from ...interpreter._real_clocks import real_monotonic_ns
from ...interpreter._task_files import task_file

if TYPE_CHECKING:
    from .._execution import Execution
    from ..units._outcome import SetAside
    from ..units._units import Unit

_HAS_GIL = has_gil()
#: Waits of fewer nanoseconds do not count: a thread waits for the GIL now and then.
SHORTEST = 500_000
#: Nor do waits that are shorter than the time in which the thread ran or waited, divided by this number.
_SMALLEST_PART = 8
#: Nanoseconds of real time over which it is measured whether threads are at work.
_TIME_OF_WORK = 250_000_000
#: A thread that has run for fewer nanoseconds has not been at work.
_WORK = 1_000_000


class Usage:
    """A thread's use of the processor, in nanoseconds: time in which it ran, and in which it could have run."""

    __slots__ = ("delayed", "ran")

    def __init__(self, ran: int, delayed: int) -> None:
        self.ran = ran
        self.delayed = delayed


def sleeps(native_id: int | None, *, otherwise: bool) -> bool:
    """Whether a thread of this process sleeps; `otherwise` if the operating system does not say."""
    try:
        return task_file(native_id, "stat").rpartition(b")")[2].split()[0] == b"S"
    except (OSError, IndexError):
        return otherwise


def stands_at(ident: int) -> tuple[CodeType, int] | None:
    """Return the code and the instruction that a thread is at; None if it has no frame.

    Do not call this for a thread that makes progress. As long as its frame is inspected, the frame keeps alive what the
    program has let go; what happens when such an object dies would happen at another step each time.
    """
    frame = sys._current_frames().get(ident)
    return None if frame is None else (frame.f_code, frame.f_lasti)


def usage_of(native_id: int | None) -> Usage | None:
    """Return the usage of a thread of this process so far; None if the operating system does not say."""
    try:
        ran, delayed, *_ = task_file(native_id, "schedstat").split()
    except (OSError, ValueError):
        return None
    return Usage(int(ran), int(delayed))


def used_since(unit: Unit, before: Usage | None) -> Usage:
    """Return what a thread has used since `before`; zeros if that is unknown."""
    now = usage_of(unit.half.native_id)
    if before is None or now is None:
        return Usage(0, 0)
    return Usage(max(0, now.ran - before.ran), max(0, now.delayed - before.delayed))


class Work:
    """The check whether some threads, together, are at work and do not only wait.

    If the operating system does not say, they never are. Each thread is known by its `native_id`. After `longest`
    seconds of real time, their work does not matter any more.
    """

    __slots__ = ("_asked", "_native_ids", "_since", "_used", "endless", "longest")

    def __init__(self, native_ids: Iterable[int | None], longest: float) -> None:
        self._native_ids = list(native_ids)
        self._asked = self._since = real_monotonic_ns()
        #: In nanoseconds.
        self.longest = longest * 1e9
        self._used = self._so_far()
        #: Whether they were still at work after the longest time.
        self.endless = False

    def _so_far(self) -> int:
        usages = map(usage_of, self._native_ids)
        return sum(usage.ran + usage.delayed for usage in usages if usage is not None)

    def goes_on(self) -> bool:
        """Whether the threads were at work for most of the time since the last answer; to be called again and again."""
        now = real_monotonic_ns()
        if now - self._asked < _TIME_OF_WORK:
            return False
        before, self._used = self._used, self._so_far()
        at_work = self._used - before >= (now - self._asked) // 2
        self._asked = now
        self.endless = at_work and now - self._since > self.longest
        return at_work and not self.endless


def voluntary_switches() -> int:
    """Return how often the calling thread gave up the processor because it had to wait; 0 if that is unknown."""
    return 0


if sys.platform == "linux":
    with contextlib.suppress(ImportError):
        from resource import RUSAGE_THREAD, getrusage

        def voluntary_switches() -> int:
            """Return the same, from `getrusage`."""
            return getrusage(RUSAGE_THREAD).ru_nvcsw


def _surely_waited(passed: int, ran: int, delayed: int, kept: int = 0) -> int:
    """Return for how much of the time `passed` a thread has waited in the operating system; 0 if that is not sure.

    The thread ran for `ran`, could have run for `delayed`, and was perhaps kept from running for `kept`. All times are
    in nanoseconds.
    """
    waited = passed - ran - delayed
    if waited - kept < max(SHORTEST, (waited + ran) // _SMALLEST_PART):
        return 0
    # What it waited for may have started before the wait did, while the thread still computed.
    return max(0, min(passed, 2 * waited + delayed))


class Outing:
    """A time in which a thread is out of the scheduler's sight."""

    __slots__ = ("_since", "_steps", "_unit", "_used", "began", "note", "waited")

    def __init__(self, unit: Unit, since: int, execution: Execution, note: SetAside | None) -> None:
        self._unit = unit
        #: Real time when it began, in nanoseconds.
        self._since = since
        self._used = usage_of(unit.half.native_id)
        self._steps = _steps_of(execution)
        #: Virtual time when it began, and for how long it was a wait in real time, in nanoseconds.
        self.began = execution.clock.elapsed
        self.waited = 0
        #: The entry for the warning, if there is to be one.
        self.note = note

    def end(self) -> None:
        """Compute how long the wait was, as the thread is back."""
        used = used_since(self._unit, self._used)
        passed = real_monotonic_ns() - self._since
        if self.note is not None and self.note.computed:
            self.waited = _surely_waited(passed, used.ran, used.delayed)
        else:
            self.waited = max(0, passed - used.ran)

    def is_alone(self, execution: Execution) -> bool:
        """Whether no thread has done anything meanwhile."""
        return _steps_of(execution) == self._steps


def _steps_of(execution: Execution) -> int:
    return len(execution.log) + (0 if execution.long is None else execution.long.steps)


class TimedGate:
    """A gate that does not count the time parked there as a wait of its thread."""

    __slots__ = ("_gate", "_waits", "locked", "release")

    def __init__(self, gate: Any, waits: RealWaits) -> None:
        self._gate = gate
        self._waits = waits
        self.release = gate.release
        self.locked = gate.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """See `threading.Lock.acquire`."""
        self._waits.pause()
        try:
            return bool(self._gate.acquire(blocking, timeout))
        finally:
            self._waits.resume()


class Looks:
    """The time for which threads have been kept waiting because the watchdog inspected one of them.

    A running thread has to give up the GIL to the watchdog, and to wait until it gets the GIL back, which takes long on
    a busy machine.
    """

    __slots__ = ("_before", "_looking", "_since", "count")

    def __init__(self) -> None:
        self.count = 0
        self._before = 0
        self._since = 0
        self._looking = False

    def rest(self, seconds: float) -> None:
        """Note, in the watchdog, that it will look after `seconds` seconds, and wants the GIL then."""
        self._looking = False
        self._since = real_monotonic_ns() + round(seconds * 1e9)

    def begin(self) -> None:
        """Note, in the watchdog, that it has the GIL; without a GIL, that it has kept no thread waiting until now."""
        if not _HAS_GIL:
            self._since = real_monotonic_ns()
        self._looking = True
        self.count += 1

    def end(self, *, at_work: bool) -> None:
        """Note, in the watchdog, that it has looked, and whether it has kept the thread from work."""
        if at_work:
            self._before = self.so_far()
        self._looking = False

    def so_far(self) -> int:
        """Return the nanoseconds of real time for which threads have been kept waiting until now."""
        return self._before + (max(0, real_monotonic_ns() - self._since) if self._looking else 0)


#: The looks of the watchdog of this process.
looks = Looks()


class RealWaits:
    """The real waits of one controlled thread, from its first reading of the clock on; for use in that thread."""

    __slots__ = (
        "_accounted", "_computed", "_delayed", "_looked_at", "_looks", "_measured", "_native_id", "_passed", "_paused",
        "_ran", "_short", "_since", "_stale", "_switches", "_waited", "computed", "now",
    )  # fmt: skip

    def __init__(self, unit: Unit) -> None:
        # Not the unit itself: it holds the gate, and is to be freed as soon as nothing else refers to it.
        self._native_id = unit.half.native_id
        gate: Any = TimedGate(unit.half.gate, self)
        unit.half.gate = gate
        #: Nanoseconds that it computed before the reading; 0 if that was not measured, because it was not long.
        self.computed = 0
        #: Whether anything was measured since the last reading. If so, in nanoseconds: real waits, by how much the
        #: clock has already advanced for them, and what the thread computed.
        self._measured = False
        self._waited = self._accounted = self._computed = 0
        #: When it was parked, and whether a new measurement has to follow.
        self._paused = 0
        self._stale = False
        self._begin()
        #: Real time of its last reading, in nanoseconds.
        self.now = self._since

    def _begin(self) -> None:
        """Start a new measurement."""
        usage = usage_of(self._native_id)
        self._delayed = None if usage is None else usage.delayed
        self._ran = time.thread_time_ns()
        self._looked_at = looks.so_far()
        self._stale = False
        #: The sum of the intervals between two readings that were too short to be measured; and in the present
        #: interval, the time until the thread was last parked.
        self._short = self._passed = 0
        self._go_on()

    def _go_on(self) -> None:
        self._switches = voluntary_switches()
        self._looks = looks.count
        #: Set last: what the thread is delayed by the lines above must not count as a wait.
        self._since = real_monotonic_ns()

    def pause(self) -> None:
        """Exclude what comes now from the waits: the thread is parked, or waits for something of ours."""
        now = self._paused = real_monotonic_ns()
        passed = self._passed + now - self._since
        if passed >= SHORTEST:
            self._measure(passed)
            self._stale = True
        else:
            self._passed = passed

    def resume(self) -> None:
        """Continue to measure, as the thread continues."""
        if self._stale or real_monotonic_ns() - self._paused >= SHORTEST:
            # It may have been delayed before it could continue. That was no wait, but is a part of what it used.
            self._begin()
        else:
            self._go_on()

    def account_for(self, waited: int) -> None:
        """Note that the clock has already advanced by `waited` nanoseconds, because the thread was set aside."""
        if waited >= SHORTEST:
            self._accounted += waited

    def since_last(self) -> int:
        """Return the nanoseconds of real waits since the last reading, by which the clock is to advance."""
        now = self.now = real_monotonic_ns()
        passed = self._passed + now - self._since
        if passed < SHORTEST and not self._measured:
            self.computed = 0
            self._short += passed
            self._passed = 0
            self._since = now
            if self._looks != looks.count:
                # It may have had to wait for the watchdog since.
                self._go_on()
            return 0
        self._measure(passed)
        self._begin()
        self.computed, self._computed = self._computed, 0
        waited = max(0, self._waited - self._accounted)
        self._waited = self._accounted = 0
        self._measured = False
        return waited

    def _measure(self, passed: int) -> None:
        """Add what the thread has waited since the last measurement, in the time `passed` without parking."""
        self._measured = True
        if self._delayed is None:
            return
        ran = max(0, time.thread_time_ns() - self._ran - self._short)
        self._computed += ran
        if voluntary_switches() == self._switches:
            # It has given up the processor only when it had to: to another thread, or another virtual machine.
            return
        usage = usage_of(self._native_id)
        delayed = 0 if usage is None else usage.delayed - self._delayed
        kept = 0
        if not _HAS_GIL or (ran >= _WORK and ran + delayed >= sys.getswitchinterval() * 1e9):
            # The watchdog may have taken the GIL from it, or have stopped all threads to inspect where they are. A
            # thread that has hardly run had no GIL to give up: it was the watchdog that had to wait, for the processor.
            kept = looks.so_far() - self._looked_at
        self._waited += _surely_waited(passed, ran, delayed, kept)
