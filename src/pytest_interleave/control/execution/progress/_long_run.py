"""The rest of an execution after its first `max_steps` steps: it runs to its end, without choices or a log.

Threads take turns, so that each makes progress. No timeout expires while threads work. If all of them only repeat the
same steps, and perhaps count their rounds, the number of steps decides: nothing can distinguish such a loop from one
that has no end. Everything follows from the steps, so that the same first `max_steps` steps lead to the same end when
they are replayed. Processor time matters only in loops with slow steps.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..units._ending import end_as_endless, end_as_livelock, end_draining
from ..units._outcome import SetAside
from ..units._part import Part

if TYPE_CHECKING:
    from ...steps._protocol import ThreadView
    from .._execution import Execution
    from ..units._units import Unit
    from ._probe import Probe

#: Number of steps after which a thread's turn ends.
TURN = 250
#: Turns between two periods in which threads are watched, and turns of such a period.
_TURNS_UNWATCHED, _TURNS_WATCHED = 64, 40
#: At most this many steps in a row that change nothing; then a turn ends early, as the thread may wait for what another
#: one does.
_SPINNING = 50
#: Steps after its turn for which a thread may keep a lock; after that, the others run nevertheless.
_STEPS_WITH_A_LOCK = 200
#: Number of turns after which a sleep ends.
_TURNS_OF_A_SLEEP = 20
#: Number of turns that threads may still take after the test body has ended; then they are not run any more.
_DRAIN_TURNS = 80
#: Approximate number of steps in a second of processor time.
_STEPS_OF_A_SECOND = 100_000
#: If steps take longer than that, a second of processor time counts only as a second divided by this number.
_PART_OF_A_SECOND = 4
#: Seconds for which all threads only repeat themselves, after which it is a livelock. A counter may have an end: that
#: of a game of ping-pong is often some ten thousand rounds away.
PATIENCE = 5.0
#: The same in processor time, if something that the scheduler does not control could change that.
OUTSIDE_PATIENCE = 10.0
#: While threads only repeat themselves, a timeout expires after this many seconds at least, and after this many times
#: what is left of the timeout.
_TIMEOUT_PATIENCE = 1.0
_TIMES_THE_TIMEOUT = 2


#: Processor time is measured, so that a busy machine takes nothing from a test.
_spent_ns = time.process_time_ns


class LongRun(Part):
    """The rest of one execution past the bound on steps; all methods are called in the thread that runs."""

    def __init__(self, execution: Execution, longest: float) -> None:
        super().__init__(execution)
        #: Nanoseconds of processor time after which the execution is ended in any case.
        self._longest = longest * 1e9
        #: Steps since the bound was reached.
        self.steps = 0
        self._next = TURN
        #: Number of steps in a row of the running thread that have changed nothing.
        self._idle = 0
        #: Whether the running thread's turn is over, and the number of steps since then.
        self._over = False
        self._overtime = 0
        self._turns = 0
        self._next_watch = 0
        self._slept = 0
        self._drained = 0
        self._began = _spent_ns()
        #: The processor time and the number of steps since when all threads only repeat themselves; None if they do
        #: not.
        self._repeating_since: tuple[int, int] | None = None
        #: Threads that write the same values, or try for a lock, again and again, and where they do so.
        self.suspected: list[SetAside] = []

    def begin(self) -> None:
        """Stop exploring: from now on, threads take turns."""
        execution = self.execution
        if execution.running is not None:
            execution.strategy.yielded(execution.running.index)
        execution.strategy = InTurn()
        execution.enabled.withhold()
        for unit in execution.units:
            unit.settle()

    def point(self, unit: Unit, *, changed: bool) -> None:
        """Handle one more step of a thread; `changed` says whether others can see that it did something."""
        self.steps += 1
        self._idle = 0 if changed else self._idle + 1
        if self.steps < self._next and (self._idle < _SPINNING or unit.held):
            return
        if not self._over:
            self._over = True
            self._overtime = 0
            if self._end_turn(unit):
                return
        enabled = self.execution.enabled
        if len(enabled) > 1 and (not unit.held or self._overtime > _STEPS_WITH_A_LOCK):
            self._begin_turn()
            self.execution.switch(unit, enabled[InTurn.after(enabled, unit.index)])
        elif self._overtime > 2 * _STEPS_WITH_A_LOCK:
            self._begin_turn()
        else:
            # The others may all wait for a lock that it releases soon.
            self._overtime += 1
            self._next = self.steps + 1

    def _begin_turn(self) -> None:
        self._over = False
        self._idle = 0
        self._next = self.steps + TURN

    def yielded(self) -> None:
        """End the running thread's turn at its next step, because it wants others to have theirs."""
        self._next = self.steps + 1

    def _end_turn(self, unit: Unit) -> bool:
        """Make the checks that are due at the end of a turn; return True if there is nothing more to do."""
        execution = self.execution
        self._turns += 1
        if execution.draining:
            self._drained += 1
            if self._drained >= _DRAIN_TURNS:
                end_draining(execution, unit)
                return True
        if _spent_ns() - self._began > self._longest:
            end_as_endless(execution, unit)
            return True
        self._slept += 1
        sleeper = execution.timers.next_sleeper() if self._slept >= _TURNS_OF_A_SLEEP else None
        if sleeper is not None:
            patience = execution.outside.patience
            if not patience.sleep_lasts(sleeper.patience / 1e9, self._slept * TURN):
                self._slept = 0
                execution.timers.advance()
        progress = execution.progress
        if not execution.draining and self._turns >= self._next_watch:
            self._next_watch = self._turns + (_TURNS_UNWATCHED if progress.watching else _TURNS_WATCHED)
            if progress.watching:
                suspects = progress.repeating()
                progress.stop()
                if suspects is not None:
                    self._repeat(unit, suspects)
            else:
                progress.watch()
        return False

    # -- what probes find ------------------------------------------------------------------------------------

    def works(self) -> None:
        """Note that a thread makes progress."""
        self._repeating_since = None

    def _repeat(self, unit: Unit, suspects: list[Probe]) -> None:
        """Handle a watch in which all threads did nothing but repeat themselves and count.

        After a while, time passes then, or the execution ends in a livelock. `suspects` are the threads that write the
        same values, or try for a lock, again and again.
        """
        if suspects and not self.suspected:
            self.suspected = [SetAside(probe.unit.name, probe.place) for probe in suspects]
        if self._repeating_since is None:
            self._repeating_since = _spent_ns(), self.steps
            return
        execution = self.execution
        if execution.progress.let_them_wait():
            self._repeating_since = None
            return
        spent = (_spent_ns() - self._repeating_since[0]) / 1e9
        seconds = max((self.steps - self._repeating_since[1]) / _STEPS_OF_A_SECOND, spent / _PART_OF_A_SECOND)
        waiting = execution.timers.earliest_timeout()
        if waiting is not None:
            left = ((waiting.deadline or 0) - execution.clock.elapsed) / 1e9
            if seconds >= max(_TIMEOUT_PATIENCE, _TIMES_THE_TIMEOUT * left) and execution.timers.advance():
                self._repeating_since = None
                return
        outside = execution.outside
        over = not outside.waits_on(spent, OUTSIDE_PATIENCE) if outside.could_act() else seconds >= PATIENCE
        if over and (waiting is None or execution.timers.is_only_in_theory(waiting)):
            end_as_livelock(execution, unit, counts=True)


class InTurn:
    """A strategy that chooses the thread that was started after the one that ran last."""

    name = "round robin"

    def __init__(self) -> None:
        self._last = -1

    @staticmethod
    def after(enabled: Sequence[ThreadView], index: int) -> int:
        """Return the position of the first thread after the one with `index`, or of the first of all."""
        return next((at for at, thread in enumerate(enabled) if thread.index > index), 0)

    def begin(self, number: int) -> None:
        """Do nothing: there is nothing to prepare."""

    def spawned(self, thread: ThreadView) -> None:
        """Do nothing: every thread is treated alike."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:  # noqa: ARG002
        """Return the position of the next thread."""
        at = self.after(enabled, self._last)
        self._last = enabled[at].index
        return at

    def yielded(self, index: int) -> None:
        """Do nothing: each thread has its turn anyway."""

    def end(self, trace: Any) -> None:
        """Do nothing: there is nothing to learn."""
