"""Threads that block where the scheduler cannot see it, and threads that are not controlled.

A controlled thread that blocks in C code, at a lock made before the plugin was loaded, or in the operating system is
*set aside* by the watchdog: it keeps its place, and the others continue. When it comes back, it parks at its next
scheduling point until it is granted. While all others wait and a thread is outside, no thread runs: the watchdog then
waits, in real time, for one of those outside to come back.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ...interpreter._child_processes import has_children
from ...interpreter._real_clocks import REAL, real_monotonic_ns
from ...interpreter._task_files import waits_for_lock
from ...scope import _real
from ...scope._places import user_place
from ..timing._real_waits import Outing, Usage, Work, usage_of, used_since
from ..units import _current
from ..units._at_large import LetGo, settled
from ..units._ending import end_as_endless_from_outside, end_stuck_from_outside
from ..units._outcome import SetAside
from ..units._part import Part
from ..units._units import Moment, Unit
from ._alarms import Alarm, handles_signals, seconds_to_alarm
from ._foreign import foreign_threads
from ._in_vain import InVain
from ._left_alone import Start, is_of_fixtures, start_of
from ._patience import FOR_FOREIGN_THREADS, NONE, Patience, for_foreign_threads, for_threads_outside

if TYPE_CHECKING:
    from .._execution import Execution

#: Real seconds that threads outside are given to come back once the test body has ended.
DRAIN_PATIENCE = 1.0
#: A thread with more sleeps than this counts as polling.
POLLING_SLEEPS = 3
#: At most this many real seconds of one execution are spent in waits for what is not controlled; after that, sleeps
#: take no real time.
POLLING_PATIENCE = 10.0


class Outside(Part):
    """The threads of one execution that are outside the scheduler's sight."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution)
        #: Whether `absorb` may have something to do.
        self.busy = False
        #: The threads that the watchdog has set aside, for the warning.
        self.noted: list[SetAside] = []
        #: Where fixtures have started threads that were blocked when they were set aside.
        self.fixtures_starts: list[Start] = []
        #: Whether a thread was outside while others could run: real time decided when it came back.
        self.uncontrolled = False
        #: Whether threads have waited in real time for what a signal's handler, a process or another thread may do.
        self.waits_really = False
        #: Threads outside when the execution was ended; they end if they ever come back.
        self.ending: list[Unit] = []
        #: How long the execution waits for what is not controlled; set before it begins.
        self.patience = Patience(execution.longest, full=False)
        self._alarm = Alarm(execution)
        self._out: list[Unit] = []
        self._returned: list[Unit] = []
        self._ended: list[Unit] = []
        self._mutex = _real.real_lock()
        self._idle_since: int | None = None
        self._in_vain = InVain()
        #: The last time that each thread was outside, by its index.
        self._outings: dict[int, Outing] = {}
        #: Real nanoseconds in which no thread ran, and none was outside.
        self._slept = 0

    def free(self) -> None:
        """Forget the threads, which refer to the execution."""
        self._outings.clear()

    # -- going out and coming back ---------------------------------------------------------------------------

    def set_aside(self, unit: Unit, since: int | None) -> None:
        """Set the running thread aside, as the watchdog has found it blocked since the real time `since`.

        The others continue. If `since` is None, the thread is at work, and has been for too long.
        """
        execution = self.execution
        unit.outside = True
        unit.special = True
        with self._mutex:
            if execution.running is not unit or not unit.outside or self.is_over(unit):
                unit.outside = False
                return
            place = user_place(sys._current_frames().get(unit.half.ident))
            note = SetAside(unit.name, place, computed=since is None)
            self._goes(unit, real_monotonic_ns() if since is None else since, note)
            self.noted.append(note)
            if execution.of_fixtures and since is not None and unit.half.started is not None and is_of_fixtures(unit):
                assert unit.thread is not None
                self.fixtures_starts.append(start_of(unit.half.started, unit.thread))
            if unit.enabled:
                execution.enabled.drop(unit)
            execution.running = execution.carriers.no_unit
        self.idle()

    def _goes(self, unit: Unit, since: int, note: SetAside | None = None) -> None:
        self.busy = True
        if self._out or any(
            other.enabled or other.deadline is not None for other in self.execution.units if other is not unit
        ):
            self.uncontrolled = True
        self._out.append(unit)
        self._outings[unit.index] = Outing(unit, since, self.execution, note)

    def leave(self, unit: Unit) -> None:
        """Let others run while the calling thread waits for something that the scheduler cannot see."""
        execution = self.execution
        unit.outside = True
        unit.special = True
        with self._mutex:
            self._goes(unit, real_monotonic_ns())
        execution.enabled.drop(unit)
        chosen = execution.next_unit()
        execution.hand_over(execution.carriers.no_unit if chosen is None else chosen)

    def sleep_really(self, unit: Unit, seconds: float) -> None:
        """Let a thread sleep in real time, for something that takes real time."""
        if self.execution.closing is not None:
            REAL["sleep"](seconds)
            return
        self.leave(unit)
        try:
            REAL["sleep"](seconds)
        finally:
            self.come_back(unit)

    def come_back(self, unit: Unit) -> None:
        """Wait to be granted again, in a thread that was outside."""
        execution = self.execution
        with self._mutex:
            if unit not in self._out:
                # It was about to be set aside, but runs.
                unit.outside = False
                return
            self._out.remove(unit)
            self._outings[unit.index].end()
            self._returned.append(unit)
        try:
            execution.park(unit)
        except LetGo:
            # The execution is over, and the thread outlives it.
            settled()
        unit.outside = False

    def is_over(self, unit: Unit) -> bool:
        """Whether a thread has ended the code of the test that it ran."""
        return unit.done or (self.execution.body_over and unit is self.execution.main)

    def finished(self, unit: Unit) -> bool:
        """Note that a thread that was outside has ended without coming back.

        The answer is False if it was only about to be set aside, and has not left the execution either.
        """
        with self._mutex:
            if unit in self._out:
                self._out.remove(unit)
                self._ended.append(unit)
                return True
            unit.outside = False
            # If it has left the execution, that is over.
            return unit.at_large

    def forget(self, unit: Unit) -> None:
        """Let a thread that outlives the execution continue where it is, without control, as the execution is over."""
        with self._mutex:
            unit.at_large = unit.special = True
            if unit in self._out:
                self._out.remove(unit)
            else:
                unit.half.gate.release()
        if _current.units[unit.half.ident] is unit:
            del _current.units[unit.half.ident]

    def has(self, unit: Unit) -> bool:
        """Whether a thread is outside, and has not come back."""
        with self._mutex:
            return unit in self._out

    def computes(self, unit: Unit) -> bool:
        """Whether a thread that is outside was set aside because it computes for long, not because it blocked."""
        note = self._outings[unit.index].note if unit.index in self._outings else None
        return note is not None and note.computed

    def reach_main(self, interrupt: Callable[[Unit], None]) -> bool:
        """Call `interrupt` with the test's own thread if that is outside, in the test; return whether it is."""
        execution = self.execution
        with self._mutex:
            if execution.body_over or execution.main not in self._out:
                return False
            interrupt(execution.main)
            return True

    def end_body(self) -> None:
        """Note, in the test's own thread, that the test has ended: the thread is not set aside or reached any more."""
        with self._mutex:
            self.execution.body_over = True

    def leave_ending(self, unit: Unit) -> None:
        """Note that the execution ends while the thread is outside."""
        self.ending.append(unit)

    def absorb(self) -> None:
        """Let threads that have come back be granted, and threads that have ended be joined; in the running thread."""
        execution = self.execution
        with self._mutex:
            returned, self._returned = self._returned, []
            ended, self._ended = self._ended, []
            self.busy = bool(self._out)
        for unit in sorted(returned, key=lambda unit: unit.index):
            # Real time has passed for it.
            outing = self._outings[unit.index]
            execution.clock.advance_to(outing.began + outing.waited)
            reader = execution.clock.readers.get(unit.index)
            if reader is not None:
                reader.waits.account_for(outing.waited)
            if outing.note is not None and outing.is_alone(execution):
                # It was neither before nor after anything that another thread did.
                self.noted.remove(outing.note)
            execution.enabled.add(unit)
        for unit in ended:
            execution.enabled.refresh(unit)

    # -- when no thread runs ---------------------------------------------------------------------------------

    def may_wake_someone(self) -> bool:
        """Whether threads outside or not controlled may let another one continue, or have done so and ended."""
        if self._returned or self._ended or self.keeps_waiting():
            return True
        if self.execution.draining or not self._others_matter():
            return False
        return not self._foreign_patience_over()

    def _foreign_patience_over(self) -> bool:
        usual = for_foreign_threads(self.execution.lasting.waited_in_vain, signal=self._signal_may_come())
        idle = self._idle_seconds()
        if not self.waits_on(idle, usual):
            return True
        if idle > usual:
            # Real time decides when another process, or a thread, does what this one waits for.
            self.uncontrolled = self.waits_really = True
        return False

    def waits_on(self, waited: float, usual: float) -> bool:
        """Whether the execution still waits for what is not controlled, after `waited` seconds; `usual` are usual."""
        if waited <= usual:
            return True
        if self._out or has_children():
            return self.patience.lasts(waited, self.patience.longest)
        strangers = (thread.native_id for thread in self._strangers())
        return not all(map(waits_for_lock, strangers)) and self.patience.lasts(waited, FOR_FOREIGN_THREADS)

    def _others_matter(self) -> bool:
        """Whether a thread waits for something that an uncontrolled thread, another process or a signal could do.

        None of these ends a sleep, unless a signal's handler raises. But a thread that sleeps again and again may look
        for something in between. With full patience, all time is real beside them.
        """
        polls = waits = timed = False
        for unit in self.execution.units:
            resource = unit.resource
            timed = timed or (unit.deadline is not None and not unit.timed_out)
            if isinstance(resource, Moment):
                polls = polls or unit.sleeps > POLLING_SLEEPS
            elif resource is not None and not isinstance(resource, Unit):
                waits = True
        signal = (timed and self._alarm.is_due()) or ((waits or polls) and self._signal_may_come())
        usual = signal or ((waits or polls) and self._has_strangers()) or (polls and has_children())
        if not (usual or timed) or not self.waits_on(self._slept / 1e9, POLLING_PATIENCE if usual else NONE):
            return False
        if signal or not usual:
            # What the handler does is no step, and real time decides when.
            self.uncontrolled = self.waits_really = True
        return True

    def _signal_may_come(self) -> bool:
        """Whether a signal may come before the next wait ends: from the program's own timer, or a child process."""
        return self._alarm.is_due() or (has_children() and handles_signals())

    def _has_strangers(self) -> bool:
        """Whether a thread that is not controlled could do anything.

        A thread that waits for something that the test does not have cannot.
        """
        return any(True for _ in self._strangers())

    def _strangers(self) -> Iterator[threading.Thread]:
        matters = self.execution.lasting.matters
        return (thread for thread in foreign_threads() if matters(thread.ident or 0))

    def _is_too_long(self, sleeper: Unit | None, work: Work) -> bool:
        """Whether threads outside have taken too long, but may still come back, and no timeout is shorter than that."""
        if sleeper is None:
            return not self._in_vain.found and not self.execution.draining
        return work.endless and sleeper.patience > work.longest

    def could_act(self) -> bool:
        """Whether a thread outside, an uncontrolled one, another process or a signal could do what others wait for."""
        some = self._out or self._returned or self._ended
        return bool(some) or self._has_strangers() or has_children() or seconds_to_alarm() > 0

    def keeps_waiting(self) -> bool:
        """Whether a thread outside is worth waiting for: after the test body, no daemon thread is."""
        return any(not (unit.daemon and self.execution.draining) for unit in self._out)

    def _idle_seconds(self) -> float:
        """Return for how many real seconds no thread has run."""
        now = real_monotonic_ns()
        if self._idle_since is None:
            self._idle_since = now
        return (now - self._idle_since) / 1e9

    def _is_waiting_over(self, sleeper: Unit | None, work: Work, *, someone_is_out: bool) -> bool:
        if self.execution.draining:
            over = not someone_is_out or self._idle_seconds() > DRAIN_PATIENCE
        elif someone_is_out:
            usual = for_threads_outside(timeout=_has_timeout(sleeper))
            over = work.endless or (self._idle_seconds() > usual and not self._may_come_back())
        else:
            over = self._foreign_patience_over()
        with self._mutex:
            return over and not self._returned and not self._ended

    def _may_come_back(self) -> bool:
        """Whether to wait longer for the threads outside: nothing says that what they wait for will not come."""
        waited = self._idle_seconds()
        return waited <= self.patience.longest and not self._in_vain.check(waited, self._out)

    def _really_waited(self, since: int, before: list[tuple[Unit, Usage | None]]) -> int:
        """Return the nanoseconds that one of those outside has waited: what they compute is no time for the others."""
        now = real_monotonic_ns()
        used = [used_since(unit, usage) for unit, usage in before]
        return now - since - min((usage.ran + usage.delayed for usage in used), default=0)

    def _work(self) -> Work:
        """Return the work of those outside, or else of uncontrolled threads, which are not waited for as long."""
        if self._out:
            return Work([unit.half.native_id for unit in self._out], self.execution.longest)
        return Work([thread.native_id for thread in self._strangers()], FOR_FOREIGN_THREADS)

    def idle(self) -> None:
        """Wait, in the watchdog while no thread runs, for a thread to come back; then let the execution continue."""
        execution = self.execution
        self._idle_since = began = real_monotonic_ns()
        self._in_vain.begin()
        clock_then = execution.clock.elapsed
        waits = [(unit, usage_of(unit.half.native_id)) for unit in self._out]
        work = self._work()
        while execution.closing is None:
            # A thread that comes back from here on is absorbed only in the next round: it still counts as out.
            someone_is_out = bool(self._out)
            self.absorb()
            sleeper, in_vain = None, False
            if not execution.enabled.overlooked(execution.units):
                # Time is real while a thread is outside.
                sleeper = execution.timers.earliest(daemons=not execution.draining)
                passed = self._really_waited(began, waits) if sleeper is not None else 0
                if sleeper is not None and clock_then + passed >= (sleeper.deadline or 0):
                    in_vain = execution.timers.advance()
            if work.goes_on() and not execution.draining and (sleeper is None or _has_timeout(sleeper)):
                # What others wait for may take that long only because it is controlled.
                self._idle_since = real_monotonic_ns()
            waiting_is_over = self._is_waiting_over(sleeper, work, someone_is_out=someone_is_out)
            if waiting_is_over and self._out and not execution.enabled and self._is_too_long(sleeper, work):
                end_as_endless_from_outside(execution)
                return
            if waiting_is_over and not execution.enabled:
                in_vain = True
                # A thread that waits with a time limit continues now, however far off the limit is.
                execution.timers.advance()
            if execution.enabled or waiting_is_over:
                chosen = None if not execution.enabled else execution.next_unit()
                if chosen is None and execution.draining:
                    chosen = execution.main
                self._idle_since = None
                if not self._out:
                    slept = real_monotonic_ns() - began
                    self._slept += slept
                    execution.lasting.waited_in_vain = execution.lasting.waited_in_vain + slept if in_vain else 0
                if chosen is None:
                    end_stuck_from_outside(execution)
                else:
                    execution.hand_over(chosen)
                return
            execution.carriers.no_unit.half.gate.acquire(timeout=0.001)


def _has_timeout(unit: Unit | None) -> bool:
    """Whether a thread does more than sleep until its time is over."""
    return unit is not None and not isinstance(unit.resource, Moment)
