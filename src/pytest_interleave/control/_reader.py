"""A controlled thread that looks at the clock: by how much the clock goes on for it.

Each look takes a tick. A thread that does nothing else waits for time to pass, so the clock then goes on in leaps, small
ones at first. What a thread computes for itself is not seen, but its code tells whether it waits: it looks at one place
again and again, in a loop that does not end by itself and calls nothing whose doings are unseen. Everything else may
be a measurement of many short times. There the leaps grow so slowly that ten thousand measurements take seconds; a loop
that waits for an hour after all ends, too, only later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._clock import TICK
from ._loops import Loop, loop_around
from ._real_waits import RealWaits
from ._touches import WRITES

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from ._execution import Execution
    from ._tasks import Task

#: Looks at one place in a row, after which it matters which loop that is in; and after which leaps begin.
_POLLING_LOOKS = 20
_LEAPING_LOOKS = 50
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
        "_accesses", "_calls", "_code", "_given", "_given_here", "_lasti", "_logged", "_loop", "_looks", "_looks_here",
        "_outer", "_steps", "_task", "began", "elapsed", "waits",
    )  # fmt: skip

    def __init__(self, task: Task) -> None:
        self._task = task
        self.waits = RealWaits(task)
        #: Where the log of the execution, its clock, and the count of steps without a log were at the last look.
        self._logged = len(task.execution.log)
        self._steps = 0
        self.elapsed = task.execution.clock.elapsed
        #: What it has done since that could be seen and changed nothing: operations on primitives, and accesses.
        self._calls = self._accesses = 0
        self._code: CodeType | None = None
        self._lasti = -1
        self._outer: tuple[CodeType, int] | None = None
        self._loop: Loop | None = None
        self.begin()

    def begin(self) -> None:
        """It has done something else: what it did before tells nothing."""
        self._looks = self._looks_here = 0
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
        if frame.f_code is self._code and frame.f_lasti == self._lasti and self._is_in_same_loop(frame):
            self._looks_here += 1
        else:
            if self._loop is not None:
                # It has waited long enough.
                self.begin()
            self._code, self._lasti = frame.f_code, frame.f_lasti
            self._looks_here = self._given_here = 0
            self._outer = self._loop = None
        self._looks += 1
        if self._looks_here == _POLLING_LOOKS:
            self._loop = loop_around(frame)
            self._outer = None if self._loop is None else _place(frame, self._loop.depth)

    def _has_changed_something(self, execution: Execution) -> bool:
        """Whether it has taken a step since that may have changed something; others are counted."""
        self._calls = self._accesses = 0
        if execution.long is not None:
            # There is no log.
            return execution.long.steps != self._steps
        for task, operation, touches in execution.log[self._logged :]:
            if task is not self._task or operation.kind == "poll":
                continue
            if operation.mutates or (touches and any(how & WRITES for _, _, how in touches)):
                return True
            if operation.target is None:
                self._accesses += 1
            else:
                self._calls += 1
        return False

    def _is_in_same_loop(self, frame: FrameType) -> bool:
        return self._outer is None or _place(frame, self._loop.depth if self._loop else 0) == self._outer

    def seen(self, execution: Execution, elapsed: int) -> None:
        """The look is over; it took the thread `elapsed` nanoseconds of virtual time, leaps included."""
        self._given += elapsed
        self._given_here += elapsed
        self.elapsed = execution.clock.elapsed
        self._logged = len(execution.log)
        if execution.long is not None:
            self._steps = execution.long.steps

    # -- what that means -------------------------------------------------------------------------------------

    @property
    def polls(self) -> bool:
        """Whether it does nothing but look, at the clock and at what others may do."""
        return self._loop is not None and self._calls >= self._loop.calls

    @property
    def only_waits(self) -> bool:
        """Whether it looks at nothing but the clock."""
        return self.polls and self._loop is not None and self._loop.calls == 0 and not self._accesses

    @property
    def gives_way(self) -> bool:
        """Whether it is the others' turn now."""
        return self.polls or self._looks % _LOOKS_OF_A_TURN == 0

    @property
    def leap(self) -> int:
        """By how many nanoseconds the clock is to go on, if nobody else has anything to do."""
        if self.polls:
            return self._given_here // _PART if self._looks_here >= _LEAPING_LOOKS else TICK
        return min(self._given // _SMALL_PART, _LONGEST_SMALL_LEAP)

    @property
    def waited(self) -> int:
        """Nanoseconds of virtual time in which it has done nothing but look."""
        return self._given_here if self.polls else self._given


def _place(frame: FrameType | None, depth: int) -> tuple[CodeType, int] | None:
    for _ in range(depth):
        frame = None if frame is None else frame.f_back
    return None if frame is None else (frame.f_code, frame.f_lasti)
