"""The watchdog: a thread that checks, now and then, whether the running thread is blocked out of sight."""

from __future__ import annotations

import os
import signal
import sys
from types import CodeType
from typing import TYPE_CHECKING

from ..execution._closing import PATIENCE, REFUSALS
from ..execution.timing._real_waits import SHORTEST, looks, sleeps, stands_at, usage_of
from ..interpreter._real_clocks import real_monotonic_ns
from ..scope._real import new_gate, start_new_thread
from ._carriers import Carrier
from ._held_signals import held_signals

if TYPE_CHECKING:
    from ..execution._execution import Execution
    from ..execution.units._units import Unit

#: Real seconds between two checks.
INTERVAL = 0.01
#: A thread counts as blocked after more than this many checks in a row at which it sleeps at the same instruction: at a
#: single one it may sleep because the watchdog has the GIL.
LOOKS = 3
#: After more than this many checks in a row without a scheduling point, a thread that computes is set aside, too, so
#: that one which never ends cannot keep the others from running.
COMPUTING_LOOKS = 200


class Watchdog:
    """A watch on the executions of one test, one after the other; then perhaps on those of the next one."""

    def __init__(self) -> None:
        self._execution: Execution | None = None
        #: Where the thread was at the last check, if it slept there and had done nothing since the check before.
        self._stood_at: tuple[CodeType, int] | None = None
        self._times = 0
        #: Real time of the last check, and since when the thread may have been where it is.
        self._looked = 0
        self._since = 0
        #: Whether the thread was found at work at the last check: neither asleep, nor so all the time before.
        self._at_work = True
        #: The `native_id` of the thread that was checked last, and for how many nanoseconds it had run until then.
        self._ran_before: tuple[int | None, int] = (None, 0)
        self._progress: tuple[object, ...] = ()
        #: For how many checks the thread has run without a step; checks before which it could seldom run count for
        #: less.
        self._computing = 0.0
        self._ending: Unit | None = None
        self._ending_since = 0
        self._process = os.getpid()
        start_new_thread(self._loop, ())

    @staticmethod
    def at_hand() -> Watchdog:
        """Return a watchdog that another test no longer needs, if its thread is not over yet; else a new one."""
        while True:
            try:
                found = _idle.pop()
            except IndexError:
                return Watchdog()
            # Otherwise its thread does not exist: this process has been forked since.
            if found._process == os.getpid():
                return found

    def watch(self, execution: Execution | None) -> None:
        """Watch `execution` from now on; None between two executions."""
        self._execution = execution

    def stop(self) -> None:
        """End the watchdog's thread, soon, unless another test needs one before."""
        self._execution = None
        _idle.append(self)

    def _is_to_end(self) -> bool:
        try:
            _idle.remove(self)
        except ValueError:
            return False
        return True

    def _loop(self) -> None:
        _leave_signals_to_others()
        pause = new_gate()
        while True:
            self._looked = real_monotonic_ns()
            execution = self._execution
            if execution is None or execution.over:
                if self._is_to_end():
                    return
                pause.acquire(timeout=INTERVAL)
                continue
            looks.rest(INTERVAL)
            execution.carriers.no_unit.half.gate.acquire(timeout=INTERVAL)
            if held_signals.pending:
                held_signals.send_again()
            if execution.closing is not None:
                self._look_at_ending(execution)
            elif execution.running is execution.carriers.no_unit:
                execution.outside.idle()
            else:
                looks.begin()
                self._at_work = True
                found = self._look(execution)
                looks.end(at_work=self._at_work)
                if found is not None:
                    execution.outside.set_aside(*found)

    def _look(self, execution: Execution) -> tuple[Unit, int | None] | None:
        """Return the running thread and since when it is blocked; None for the time if it computes for too long.

        The time is real, in nanoseconds. The answer is None if neither is so.
        """
        unit = execution.running
        if unit is None or unit.outside or execution.outside.is_over(unit):
            return None
        if held_signals.handling and unit is execution.main:
            return None
        if execution.outside.busy:
            unit.special = True
        # Nothing here may keep an execution alive that is over.
        progress = (id(unit), execution.steps)
        goes_on = progress != self._progress
        sleeping = sleeps(unit.half.native_id, otherwise=True)
        ran = self._ran_since_last(unit)
        self._at_work = not sleeping and (ran is None or ran >= SHORTEST)
        stands = stands_at(unit.half.ident) if sleeping and not goes_on else None
        if stands is not None and stands[0] is Carrier.__init__.__code__:
            # It waits for a new OS thread, which can take long on a busy machine; nothing is out of sight.
            return None
        looked, now = self._looked, real_monotonic_ns()
        if goes_on:
            self._progress = progress
            self._computing = 0.0
        if goes_on or (stands is not None and self._stood_at is not None and stands != self._stood_at):
            self._times = 0
            # It may have got there right after the check before.
            self._since = looked
        elif not sleeping:
            # It only wants the processor, or the GIL.
            self._times = 0
            self._since = now
        self._stood_at = stands
        self._computing += 1 if sleeping or ran is None else ran / (INTERVAL * 1e9)
        self._times += 1
        blocked = self._times > LOOKS
        if (blocked or self._computing > COMPUTING_LOOKS) and not _debugging(unit):
            self._progress = ()
            return unit, self._since if blocked else None
        return None

    def _ran_since_last(self, unit: Unit) -> int | None:
        """Return for how many nanoseconds the thread has run since the last check; None if that is unknown."""
        usage = usage_of(unit.half.native_id)
        before, ran = self._ran_before
        if usage is None:
            return None
        self._ran_before = (unit.half.native_id, usage.ran)
        return usage.ran - ran if before == unit.half.native_id else None

    def _look_at_ending(self, execution: Execution) -> None:
        closing = execution.closing
        assert closing is not None
        unit = closing.current
        now = real_monotonic_ns()
        if unit is None and execution.outside.has(execution.main):
            unit = execution.main
        if unit is None or unit is not self._ending:
            self._ending = unit
            self._ending_since = now
        elif unit is execution.main and unit.outside:
            if now - self._ending_since > PATIENCE * 1e9:
                self._ending_since = now
                if closing.interrupt_main():
                    # It may be in a call of the operating system, which only a signal interrupts.
                    held_signals.interrupt_call()
        elif unit.refusals > REFUSALS or now - self._ending_since > 2 * PATIENCE * 1e9:
            closing.abandon(unit)
        elif now - self._ending_since > PATIENCE * 1e9:
            closing.interrupt(unit)


def _leave_signals_to_others() -> None:
    """Block all signals that come from outside in the calling thread.

    A program may have blocked a signal in all of its own threads, to wait for it. If it found one thread that takes it,
    it would end the process.
    """
    if sys.platform != "win32" and hasattr(signal, "pthread_sigmask"):
        faults = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals().difference(faults))


#: Watchdogs whose test is over, and whose threads are about to end. A thread that takes one out has it: no lock is
#: needed.
_idle: list[Watchdog] = []


def _debugging(unit: Unit) -> bool:
    """Whether the thread is in a debugger, which waits for its user: the others stay parked."""
    frame = sys._current_frames().get(unit.half.ident)
    while frame is not None:
        if frame.f_globals.get("__name__") in ("bdb", "pdb"):
            return True
        frame = frame.f_back
    return False
