"""A controlled thread that looks at the clock: by how much the clock goes on for it.

Each look takes a tick. A thread that does nothing else waits for time to pass, so the clock then goes on in leaps,
small ones at first. What a thread computes for itself is not seen, but its code tells whether it waits: it looks at one
place again and again, in a loop that does not end by itself and calls nothing whose doings are unseen. Everything else
may be a measurement of many short times. There the leaps grow so slowly that ten thousand measurements take seconds; a
loop that waits for an hour after all ends, too, only later.
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

#: Looks in a row after which it matters which loop that is in; and looks in one loop after which leaps begin.
_POLLING_LOOKS = 20
_LEAPING_LOOKS = 30
#: A leap is such a part of the time that has passed so far.
_PART, _SMALL_PART = 16, 2_500
#: The longest leap for what may be a measurement, in nanoseconds.
_LONGEST_SMALL_LEAP = 50_000_000
#: Of so many looks by a thread that may measure, one lets others have their turn.
_LOOKS_OF_A_TURN = 64
#: If the clock has gone on by so many nanoseconds between two looks, the thread need not poll for time to pass.
_NOTICEABLE = 1_000_000


class Reader:
    """How one controlled thread reads the clock. To be asked in that thread."""

    __slots__ = (
        "_accesses", "_aside", "_calls", "_first", "_given", "_given_here", "_logged", "_looks", "_looks_here", "_loop",
        "_reads", "_steps", "_unit", "began", "elapsed", "only_waits", "polls", "took_no_step",
        "waits",
    )  # fmt: skip

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self.waits = RealWaits(unit)
        #: Where the log of the execution, its clock, and the count of steps without a log were at the last look.
        self._logged = len(unit.execution.log)
        self._steps = 0
        self.elapsed = unit.execution.clock.elapsed
        #: The loop that it is in, after several looks; where it looked first there, and how often it has looked.
        self._loop: Loop | None = None
        self._first: tuple[CodeType, int] | None = None
        self._looks_here = 0
        #: In this round of the loop: looks, other calls, and what could be seen of them: operations on primitives, and
        #: accesses.
        self._reads = self._aside = self._calls = self._accesses = 0
        #: Whether it has taken no step since the last look.
        self.took_no_step = False
        #: Whether it did nothing in the last round but look, at the clock and at what others may do; and whether it
        #: looked at nothing but the clock.
        self.polls = self.only_waits = False
        self.begin()

    def begin(self) -> None:
        """It has done something else: what it did before tells nothing."""
        self._looks = 0
        self._leave_loop()
        self._begin_small()

    def time_passed(self) -> None:
        """Real time has passed: leaps begin with small ones again. How often it gives way does not depend on that."""
        self._looks_here = 0
        self._begin_small()

    def _begin_small(self) -> None:
        """Time has passed: if it waits for more, leaps begin with small ones again."""
        self._given = self._given_here = 0
        #: Real time when it began to wait.
        self.began = self.waits.now

    # -- what it does between two looks ----------------------------------------------------------------------

    def look(self, frame: FrameType, execution: Execution) -> None:
        """It looks at the clock again, in `frame`."""
        if self._has_changed_something(execution):
            self.begin()
        elif execution.clock.elapsed - self.elapsed > _NOTICEABLE:
            self._begin_small()
        self._looks += 1
        if self._looks > _POLLING_LOOKS:
            self._look_at_loop(frame)

    def _has_changed_something(self, execution: Execution) -> bool:
        """Whether it has taken a step since that may have changed something; others are counted."""
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
            # It has waited long enough.
            self.begin()
        if found is None:
            return
        place = (frame.f_code, frame.f_lasti)
        if self._loop is None:
            self._loop = found.loop
            self._first = place
            self._begin_round()
        elif place == self._first:
            # What it calls beside cannot all be seen, else.
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
        """The look is over; it took the thread `elapsed` nanoseconds of virtual time, leaps included."""
        self._given += elapsed
        if self.polls:
            self._given_here += elapsed
        self.elapsed = execution.clock.elapsed
        self._logged = len(execution.log)

    def goes_on(self, execution: Execution) -> None:
        """It goes on, after others perhaps."""
        if execution.long is not None:
            self._steps = execution.long.steps

    # -- what that means -------------------------------------------------------------------------------------

    @property
    def gives_way(self) -> bool:
        """Whether it is the others' turn now."""
        return self.polls or self._looks % _LOOKS_OF_A_TURN == 0

    @property
    def leap(self) -> int:
        """By how many nanoseconds the clock is to go on, if nobody else has anything to do."""
        if self.polls:
            return self._given_here // _PART if self._looks_here > _LEAPING_LOOKS else TICK
        return min(self._given // _SMALL_PART, _LONGEST_SMALL_LEAP)

    @property
    def waited(self) -> int:
        """Nanoseconds of virtual time in which it has done nothing but look."""
        return self._given_here if self.polls else self._given
