"""The passing of time: for threads that wait with a time limit, sleep, or poll the clock."""

from __future__ import annotations

import concurrent.futures
import math
import os
import queue
from operator import is_not
from typing import TYPE_CHECKING

from ...scope._real import new_gate
from ...steps._kinds import HELD_UP, POLL, WAIT, WOKEN
from ...steps._operations import Operation
from ..units._at_large import Adopted, LetGo, RealWait, TimeLimit
from ..units._part import Part
from ..units._units import Moment, Unit
from ._clock import TICK, Clock
from ._reader import Reader
from ._turns import Turns

if TYPE_CHECKING:
    from types import FrameType

    from .._execution import Execution


class Timers(Part):
    """The virtual clock of one execution, and the threads that wait for it."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution)
        self.clock = Clock()
        #: The threads that gave others a name with a number: as with the clock, no step shows in which order.
        self.names = Turns()
        #: Nanoseconds by which time passes next for threads that spin, and the length of the log when it last did.
        self._spinning_leap = _NOTICEABLE
        self._spun = 0
        #: The operations of those that wait without a time limit, the virtual time since when they do, and how often
        #: the clock has moved since then.
        self._stuck: list[Operation] = []
        self._stuck_since = 0
        self._moves = 0

    def advance(self) -> bool:
        """Move the clock to the next deadline; the threads that are due can run.

        The answer is False if there is no deadline, only those of waits that were meant to have no end, or if only
        daemons have woken for long.
        """
        execution = self.execution
        sleeper = self.earliest(daemons=not execution.draining)
        if sleeper is None or self.is_only_in_theory(sleeper) or self._wakes_only_daemons():
            return False
        self.clock.advance_to(self._together_with(sleeper))
        self.expire_due()
        return True

    def _wakes_only_daemons(self) -> bool:
        """Whether daemons have woken and slept again for long, while all others wait without a time limit."""
        waiting = []
        for unit in self.execution.units:
            if not (unit.done or unit.daemon):
                if unit.resource is None or unit.deadline is not None:
                    self._stuck = []
                    return False
                waiting.append(unit.operation)
        if len(waiting) != len(self._stuck) or any(map(is_not, waiting, self._stuck)):
            self._stuck, self._stuck_since, self._moves = waiting, self.clock.elapsed, 0
        self._moves += 1
        return self._moves > _MANY_MOVES and self.clock.elapsed - self._stuck_since > _HOUR

    def _together_with(self, waiting: Unit) -> int:
        """Return the moment at which a wait ends, together with sleeps that end at about the same time.

        No machine is so precise that these always end in the same order. No other timeout expires because of that.
        """
        due = _deadline(waiting)
        limit = min((due + _CLOSE + 1, *(end for end in map(_deadline, self._timeouts()) if end > due)))
        return max((end for end in map(_deadline, self._sleepers()) if end < limit), default=due)

    def expire_due(self) -> None:
        """Let the threads run whose deadline has passed."""
        execution = self.execution
        execution.progress.passed = len(execution.log)
        for unit in execution.units:
            resource = unit.resource
            if (
                resource is not None
                and unit.deadline is not None
                and unit.deadline <= self.clock.elapsed
                and not unit.timed_out
            ):
                unit.operation.expired_at = len(self.execution.log)
                resource.expire(unit)

    def is_only_in_theory(self, sleeper: Unit) -> bool:
        """Whether only waits are left that a timeout of a day or more ends: in practice, the program would hang."""
        return is_meant_to_last(sleeper) and all(map(is_meant_to_last, self.waiting(daemons=True)))

    def next_sleeper(self) -> Unit | None:
        """Return the thread whose sleep ends next, if no timeout expires before; else None."""
        sleeper = min(self._sleepers(), key=_by_deadline, default=None)
        return None if sleeper is None or _deadline(sleeper) >= self._first_timeout() else sleeper

    def _sleepers(self) -> list[Unit]:
        return [unit for unit in self.waiting(daemons=True) if type(unit.resource) is Moment]

    def _first_timeout(self) -> float:
        unit = self.earliest_timeout()
        return math.inf if unit is None else _deadline(unit)

    def earliest(self, *, daemons: bool) -> Unit | None:
        """Return the thread whose sleep or timeout ends next; None if there is none."""
        return min(self.waiting(daemons=daemons), key=_by_deadline, default=None)

    def earliest_timeout(self) -> Unit | None:
        """Return the thread whose timeout ends next; None if there is none."""
        return min(self._timeouts(), key=_by_deadline, default=None)

    def _timeouts(self) -> list[Unit]:
        return [unit for unit in self.waiting(daemons=True) if type(unit.resource) is not Moment]

    def waiting(self, *, daemons: bool) -> list[Unit]:
        """Return the threads that wait with a deadline; daemons only with `daemons`."""
        return [
            unit
            for unit in self.execution.units
            if unit.deadline is not None and not unit.timed_out and not unit.enabled and (daemons or not unit.daemon)
        ]

    def sleep(self, unit: Unit, operation: Operation, seconds: float) -> None:
        """Wait for virtual time to pass; with 0 seconds, let other threads have their turn."""
        if seconds > 0:
            unit.sleeps += 1
            moment = Moment()
            try:
                self.execution.wait_for(unit, operation, moment, self.clock.deadline(seconds))
            except LetGo:
                _sleep_really(seconds, operation)
            return
        execution = self.execution
        execution.point(unit, operation)
        if execution.long is not None:
            execution.long.yielded()
        elif not unit.special and len(execution.enabled) > 1:
            execution.strategy.yielded(unit.index)

    def read_clock(self, unit: Unit, frame: FrameType) -> None:
        """Let a little time pass because a thread reads the clock, in `frame`.

        If the thread does nothing else, it waits for time to pass, so it gives way to the others. If all threads that
        could run wait in this way, more time passes.
        """
        execution = unit.execution
        clock = self.clock
        clock.readings += 1
        clock.turns.add(unit)
        if execution.closing is not None:
            clock.elapsed += TICK
            return
        if unit.outside:
            execution.outside.come_back(unit)
        reader = clock.readers.get(unit.index)
        if reader is None:
            reader = clock.readers[unit.index] = Reader(unit)
        waited = reader.waits.since_last()
        if waited:
            clock.real = True
            clock.elapsed += waited
            reader.time_passed()
        reader.look(frame, execution)
        if reader.waits.computed > _LONG_COMPUTATION and reader.took_no_step:
            self._let_compute(reader)
        before = clock.elapsed
        clock.elapsed += TICK
        leap = reader.leap
        if leap > TICK and self._may_leap(unit, reader, leap):
            self._leap(leap)
        reader.seen(execution, clock.elapsed - before)
        if execution.time_choices is not None:
            execution.time_choices.read(frame)
        if reader.gives_way:
            operation = Operation(POLL, unit, _POLL, 0, mutates=False)
            if len(execution.enabled) > 1:
                execution.strategy.yielded(unit.index)
            execution.point(unit, operation)
        reader.goes_on(execution)

    def stamp(self) -> int:
        """Return the time for something that happens now, in nanoseconds: later than all before, if no wait ends then.

        Two versions of a file have different times, although a real clock would not always tell them apart.
        """
        clock = self.clock
        waiting = self.earliest(daemons=True)
        if waiting is None or waiting.deadline is None or clock.elapsed + TICK < waiting.deadline:
            clock.elapsed += TICK
        return clock.time_ns()

    def _let_compute(self, reader: Reader) -> None:
        """Let as much time pass as a thread has computed, without ending any wait.

        Some loops compute more and more until it takes long enough, to measure how long it takes.
        """
        clock = self.clock
        waiting = self.earliest(daemons=True)
        left = reader.waits.computed if waiting is None else (waiting.deadline or 0) - clock.elapsed - _NOTICEABLE
        clock.real = True
        clock.elapsed += max(0, min(reader.waits.computed, left))
        reader.time_passed()

    def _may_leap(self, unit: Unit, reader: Reader, leap: int) -> bool:
        """Whether no thread has anything to do but wait for time to pass.

        What is not controlled takes real time: as long as it may do something, no more time passes than really has.
        """
        execution = self.execution
        if reader.waited > _DECADE:
            return False
        if any(other is not unit and other.operation.kind not in _IDLE for other in execution.enabled):
            return False
        until = reader.waited + leap
        passed = reader.waits.now - reader.began
        if passed >= until:
            return True
        outside = execution.outside
        if not outside.busy and (until < _NOTICEABLE or reader.only_waits or not outside.could_act()):
            return True
        return passed >= _PATIENCE * 1e9 and not outside.waits_on(passed / 1e9, _PATIENCE)

    def _leap(self, leap: int) -> None:
        """Let time pass at once, but not past the moment at which another thread is due.

        If that is the end of a timeout, it is approached in ever smaller leaps: the thread that reads the clock may
        have waited long enough before, and then do what the other one waits for.
        """
        clock = self.clock
        waiting = self.earliest(daemons=True)
        left = leap if waiting is None else (waiting.deadline or 0) - clock.elapsed
        if waiting is not None and type(waiting.resource) is not Moment:
            leap = min(leap, left // 2)
        if leap < left - TICK or waiting is None:
            clock.elapsed += max(leap, TICK)
        elif not self.advance():
            # No thread is to be woken for it.
            clock.elapsed += leap

    def let_spinners_wait(self) -> bool:
        """Let time pass, each time more, because threads that only repeat themselves read the clock, too.

        For threads that poll the clock, time passes anyway. The answer is False if so much has passed that time is not
        what they wait for.
        """
        readers = self.clock.readers
        if any(unit.index in readers and readers[unit.index].polls for unit in self.execution.enabled):
            return all(reader.waited <= _DECADE for reader in readers.values())
        log = self.execution.log
        if len(log) - self._spun > _STEPS_BETWEEN_LEAPS:
            self._spinning_leap = _NOTICEABLE
        self._spun = len(log)
        if self._spinning_leap > _DECADE:
            return False
        self._leap(self._spinning_leap)
        self._spinning_leap *= 2 if self.execution.long is None else _LONG_FACTOR
        return True


def _sleep_really(seconds: float, operation: Operation) -> None:
    """Sleep without control."""
    limit = TimeLimit(seconds)
    while True:
        try:
            RealWait(new_gate(), limit, operation, lambda _: Moment(), lambda: True).wait()
        except Adopted as adopted:
            try:
                adopted.unit.execution.resume(adopted.unit)
            except LetGo:
                continue
        return


def _deadline(unit: Unit) -> int:
    return unit.deadline or 0


def _by_deadline(unit: Unit) -> tuple[int, int]:
    return _deadline(unit), unit.index


_POLL = Timers.read_clock.__code__
#: A thread that is about to do one of these does nothing that could end a wait.
_IDLE = frozenset((POLL, HELD_UP))

#: Sleeps that end within this many nanoseconds end together. No round number, so that it is not the difference of two
#: sleeps.
_CLOSE = 317_000
#: Leaps of fewer nanoseconds are too short for anything outside to happen.
_NOTICEABLE = 1_000_000
#: If a thread computes for more than this many nanoseconds between two readings, that counts.
_LONG_COMPUTATION = 100_000_000
#: Real seconds that a polling thread gives to what is not controlled; then time passes nevertheless.
_PATIENCE = 10.0
#: Past the bound on steps, where threads are seldom found to spin, each leap for them is this many times the last one.
_LONG_FACTOR = 16
#: If more steps lie between, threads that spin are others than those that were found before.
_STEPS_BETWEEN_LEAPS = 2_000

#: If daemons wake and sleep again more often than this, and for more nanoseconds than this, it counts as certain that
#: none of them does what all others wait for.
_MANY_MOVES = 10_000
_HOUR = 3_600 * 10**9
#: From this many nanoseconds on, a timeout is no limit that a program waits for.
_DAY = 86_400 * 10**9
#: The same for events and conditions, whose timeouts are also sleeps that can be interrupted: those of daily jobs, for
#: example.
_DECADE = 3_650 * _DAY


def is_meant_to_last(unit: Unit) -> bool:
    """Whether a thread waits with a timeout so long that only something else was meant to end the wait."""
    if unit.patience < _DAY or type(unit.resource) is Moment:
        return False
    operation = unit.operation
    is_sleep = operation.kind in (WAIT, WOKEN) and operation.code.co_filename not in _STDLIB_WAITS
    return not is_sleep or unit.patience >= _DECADE


#: Waits on conditions in these files are no sleeps.
_STDLIB_WAITS = frozenset((queue.__file__, *(os.path.join(path, "_base.py") for path in concurrent.futures.__path__)))
