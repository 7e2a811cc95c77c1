"""When time passes: for threads that wait with a time limit, sleep, or poll the clock."""

from __future__ import annotations

import concurrent.futures
import math
import queue
from operator import is_not
from typing import TYPE_CHECKING

from ...scope._real import new_gate
from ...steps._kinds import HELD_UP, POLL, WAIT, WOKEN
from ...steps._operations import Operation
from ..units._at_large import Adopted, LetGo, RealWait
from ..units._part import Part
from ..units._units import Moment, Unit
from ._clock import TICK, Clock
from ._reader import Reader

if TYPE_CHECKING:
    from types import FrameType

    from .._execution import Execution


class Timers(Part):
    """The virtual clock of one execution, and who waits for it."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution)
        self.clock = Clock()
        #: By how much time passes next for threads that spin, and where the log was when it last did.
        self._spinning_leap = _NOTICEABLE
        self._spun = 0
        #: What those wait for that have no time limit, and since when, and how often the clock has moved since then.
        self._stuck: list[Operation] = []
        self._stuck_since = 0
        self._moves = 0

    def advance(self) -> bool:
        """Move the clock to the next deadline; whoever is due can go on.

        The answer is False if there is none, or only those of waits that were meant to have no end.
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
        """The moment at which a wait ends, together with sleeps that end at about the same time.

        No machine is so precise that these always end in the same order. No other timeout expires for that.
        """
        due = _deadline(waiting)
        limit = min((due + _CLOSE + 1, *(end for end in map(_deadline, self._timeouts()) if end > due)))
        return max((end for end in map(_deadline, self._sleepers()) if end < limit), default=due)

    def expire_due(self) -> None:
        """Whoever is due can go on."""
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
        """Whether only waits are left that a timeout of a day or more ends: the program would hang."""
        return is_meant_to_last(sleeper) and all(map(is_meant_to_last, self.waiting(daemons=True)))

    def next_sleeper(self) -> Unit | None:
        """The thread whose sleep ends next, if no timeout expires before; else None."""
        sleeper = min(self._sleepers(), key=_by_deadline, default=None)
        return None if sleeper is None or _deadline(sleeper) >= self._first_timeout() else sleeper

    def _sleepers(self) -> list[Unit]:
        return [unit for unit in self.waiting(daemons=True) if type(unit.resource) is Moment]

    def _first_timeout(self) -> float:
        unit = self.earliest_timeout()
        return math.inf if unit is None else _deadline(unit)

    def earliest(self, *, daemons: bool) -> Unit | None:
        """The thread whose sleep or timeout ends next; None if there is none."""
        return min(self.waiting(daemons=daemons), key=_by_deadline, default=None)

    def earliest_timeout(self) -> Unit | None:
        """The thread whose timeout ends next; None if there is none."""
        return min(self._timeouts(), key=_by_deadline, default=None)

    def _timeouts(self) -> list[Unit]:
        return [unit for unit in self.waiting(daemons=True) if type(unit.resource) is not Moment]

    def waiting(self, *, daemons: bool) -> list[Unit]:
        """The threads that wait with a deadline."""
        return [
            unit
            for unit in self.execution.units
            if unit.deadline is not None and not unit.timed_out and not unit.enabled and (daemons or not unit.daemon)
        ]

    def sleep(self, unit: Unit, operation: Operation, seconds: float) -> None:
        """Wait for virtual time to pass; with 0 seconds, let others have their turn."""
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
        """A thread looks at the clock, in `frame`; each look takes a little time.

        If it does nothing else, it waits for time to pass, so it gives way to the others. If all that could run wait in
        this manner, time passes.
        """
        execution = unit.execution
        clock = self.clock
        clock.readings += 1
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

    def _let_compute(self, reader: Reader) -> None:
        """A thread has computed for long: let as much time pass as that took, but nobody's wait end by it.

        Some loops compute more and more until it takes long enough, to measure how long it takes.
        """
        clock = self.clock
        waiting = self.earliest(daemons=True)
        left = reader.waits.computed if waiting is None else (waiting.deadline or 0) - clock.elapsed - _NOTICEABLE
        clock.real = True
        clock.elapsed += max(0, min(reader.waits.computed, left))
        reader.time_passed()

    def _may_leap(self, unit: Unit, reader: Reader, leap: int) -> bool:
        """Whether nobody has anything to do but to wait for time to pass.

        What is not under control takes real time: as long as it may do something, no more time passes than really has.
        """
        execution = self.execution
        if reader.waited > _DECADE:
            return False
        if any(other is not unit and other.operation.kind not in _IDLE for other in execution.enabled):
            return False
        until = reader.waited + leap
        passed = reader.waits.now - reader.began
        if passed >= min(until, _PATIENCE):
            return True
        outside = execution.outside
        return not outside.busy and (until < _NOTICEABLE or reader.only_waits or not outside.could_act())

    def _leap(self, leap: int) -> None:
        """Let time pass at once; not past the moment at which another thread is due.

        If that is the end of a timeout, it is approached in ever smaller leaps: the thread that looks at the clock may
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
            # Nobody is to be woken for it.
            clock.elapsed += leap

    def let_spinners_wait(self) -> bool:
        """Threads that only repeat themselves look at the clock, too: let time pass, each time more.

        For those that poll it time passes anyhow. The answer is False if so much has passed
        that time is not what they wait for.
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
    while True:
        try:
            RealWait(new_gate(), seconds, operation, lambda _: Moment(), lambda: True).wait()
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
#: Whoever is about to do this does nothing that could end a wait.
_IDLE = frozenset((POLL, HELD_UP))

#: Nanoseconds within which sleeps end together. No round number, so that it is not the difference of two sleeps.
_CLOSE = 317_000
#: Leaps of fewer nanoseconds are too short for anyone outside to do something.
_NOTICEABLE = 1_000_000
#: Nanoseconds that a thread computes between two looks, from which on that counts.
_LONG_COMPUTATION = 100_000_000
#: Nanoseconds of real time that a thread which polls gives to what is not under control.
_PATIENCE = 10_000_000_000
#: Each time that much more time passes for threads that spin, past the bound on steps, where they are seldom found to.
_LONG_FACTOR = 16
#: Steps after which threads that spin are others than those that were found before.
_STEPS_BETWEEN_LEAPS = 2_000

#: So often, and for so many nanoseconds, daemons wake and sleep again until it counts as certain that none of them does
#: what all others wait for.
_MANY_MOVES = 10_000
_HOUR = 3_600 * 10**9
#: Nanoseconds from which on a timeout is no limit that anybody waits for.
_DAY = 86_400 * 10**9
#: The same for events and conditions, whose timeouts are sleeps that can be interrupted, too: of daily jobs, say.
_DECADE = 3_650 * _DAY


def is_meant_to_last(unit: Unit) -> bool:
    """Whether a thread waits with a timeout so long that only something else was meant to end the wait."""
    if unit.patience < _DAY or type(unit.resource) is Moment:
        return False
    operation = unit.operation
    is_sleep = operation.kind in (WAIT, WOKEN) and operation.code.co_filename not in _STDLIB_WAITS
    return not is_sleep or unit.patience >= _DECADE


#: Waits on conditions in these files are no sleeps.
_STDLIB_WAITS = frozenset((queue.__file__, *(f"{path}/_base.py" for path in concurrent.futures.__path__)))
