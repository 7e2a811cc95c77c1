"""A controlled thread that reads the clock, and by how much the clock advances for it.

Each reading takes a tick. A thread that does nothing else waits for time to pass, so the clock then advances in leaps,
small ones at first. What a thread computes for itself is not seen, but its code shows whether it waits: it reads the
clock in one place again and again, in a loop that does not end by itself and calls nothing whose effects are unseen.
Everything else may be a measurement of many short times. There the leaps grow so slowly that ten thousand measurements
take seconds; a loop that waits for an hour after all ends, too, only later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...code._innermost_loop import Loop, loop_around
from ...steps._kinds import POLL
from ...steps._touches import writes
from ._clock import TICK
from ._real_waits import RealWaits

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from .._execution import Execution
    from ..units._units import Unit

#: Number of readings in a row after which it matters which loop they are in, and number of readings in one loop after
#: which leaps begin.
_POLLING_LOOKS = 20
_LEAPING_LOOKS = 30
#: A leap is the time that has passed so far, divided by this: for a thread that polls, and for one that may measure.
_PART, _SMALL_PART = 16, 2_500
#: The longest leap for what may be a measurement, in nanoseconds; longer ones are cut.
_LONGEST_SMALL_LEAP = 50_000_000
#: One in this many readings by a thread that may measure lets others have their turn.
_LOOKS_OF_A_TURN = 64
#: If the clock has advanced by more than this many nanoseconds between two readings, the thread need not poll for time
#: to pass.
_NOTICEABLE = 1_000_000


class Reader:
    """The readings of the clock by one controlled thread; all methods are called in that thread."""

    __slots__ = (
        "_accesses", "_aside", "_calls", "_first", "_given", "_given_here", "_logged", "_looks", "_looks_here", "_loop",
        "_reads", "_steps", "_unit", "began", "elapsed", "only_waits", "polls", "took_no_step",
        "waits",
    )  # fmt: skip

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self.waits = RealWaits(unit)
        #: At the last reading: the length of the execution's log, the count of steps without a log, and the clock.
        self._logged = len(unit.execution.log)
        self._steps = 0
        self.elapsed = unit.execution.clock.elapsed
        #: The loop that the thread is in, after several readings; the place of the first reading there; and the number
        #: of readings there.
        self._loop: Loop | None = None
        self._first: tuple[CodeType, int] | None = None
        self._looks_here = 0
        #: In this round of the loop: readings, other calls, and what could be seen of them: operations on primitives,
        #: and accesses.
        self._reads = self._aside = self._calls = self._accesses = 0
        #: Whether the thread has taken no step since the last reading.
        self.took_no_step = False
        #: Whether the thread did nothing in the last round but read the clock and what others may change; and whether
        #: it read nothing but the clock.
        self.polls = self.only_waits = False
        self.begin()

    def begin(self) -> None:
        """Start over, as the thread has done something else: what it did before says nothing."""
        self._looks = 0
        self._leave_loop()
        self._begin_small()

    def time_passed(self) -> None:
        """Start with small leaps again, as real time has passed; the thread gives way as often as before."""
        self._looks_here = 0
        self._begin_small()

    def _begin_small(self) -> None:
        """Start with small leaps again: time has passed, and the thread may wait for more."""
        self._given = self._given_here = 0
        #: Real time, in nanoseconds, when it began to wait.
        self.began = self.waits.now

    # -- what it does between two readings -------------------------------------------------------------------

    def look(self, frame: FrameType, execution: Execution) -> None:
        """Note that the thread reads the clock again, in `frame`."""
        if self._has_changed_something(execution):
            self.begin()
        elif execution.clock.elapsed - self.elapsed > _NOTICEABLE:
            self._begin_small()
        self._looks += 1
        if self._looks > _POLLING_LOOKS:
            self._look_at_loop(frame)

    def _has_changed_something(self, execution: Execution) -> bool:
        """Whether the thread has since taken a step that may have changed something; other steps are counted."""
        self.took_no_step = True
        if execution.long is not None:
            # There is no log.
            self.took_no_step = execution.long.steps == self._steps
            return not self.took_no_step
        for unit, operation, touches in execution.log[self._logged :]:
            if unit is not self._unit or operation.kind == POLL:
                continue
            self.took_no_step = False
            if operation.mutates or writes(touches):
                return True
            if operation.target is None:
                self._accesses += 1
            else:
                self._calls += 1
        return False

    def _look_at_loop(self, frame: FrameType) -> None:
        found = loop_around(frame)
        if self._loop is not None and (found is None or found.loop is not self._loop):
            # It has left the loop: it has waited long enough.
            self.begin()
        if found is None:
            return
        place = (frame.f_code, frame.f_lasti)
        if self._loop is None:
            self._loop = found.loop
            self._first = place
            self._begin_round()
        elif place == self._first:
            # Otherwise, some of its other calls cannot be seen.
            self.polls = self._reads + self._calls >= found.loop.calls + self._aside
            self.only_waits = self.polls and not self._calls and not self._accesses
            self._begin_round()
        self._looks_here += 1
        self._reads += 1
        self._aside += found.aside

    def _begin_round(self) -> None:
        self._reads = self._aside = self._calls = self._accesses = 0

    def _leave_loop(self) -> None:
        self._loop = None
        self._looks_here = 0
        self.polls = self.only_waits = False

    def seen(self, execution: Execution, elapsed: int) -> None:
        """Note the end of a reading, which took the thread `elapsed` nanoseconds of virtual time, leaps included."""
        self._given += elapsed
        if self.polls:
            self._given_here += elapsed
        self.elapsed = execution.clock.elapsed
        self._logged = len(execution.log)

    def goes_on(self, execution: Execution) -> None:
        """Note that the thread continues after a reading, perhaps after other threads."""
        if execution.long is not None:
            self._steps = execution.long.steps

    # -- what that means -------------------------------------------------------------------------------------

    @property
    def gives_way(self) -> bool:
        """Whether other threads have their turn now."""
        return self.polls or self._looks % _LOOKS_OF_A_TURN == 0

    @property
    def leap(self) -> int:
        """The nanoseconds by which the clock is to advance if no other thread has anything to do."""
        if self.polls:
            return self._given_here // _PART if self._looks_here > _LEAPING_LOOKS else TICK
        return min(self._given // _SMALL_PART, _LONGEST_SMALL_LEAP)

    @property
    def waited(self) -> int:
        """The nanoseconds of virtual time in which the thread has done nothing but read the clock."""
        return self._given_here if self.polls else self._given
