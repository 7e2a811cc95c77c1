"""What an execution came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...scope._places import Place
from ._endings import Ending

if TYPE_CHECKING:
    from ...steps import Use
    from ...steps._protocol import Nesting
    from .._execution import Execution
    from ..outside._foreign import ForeignThread
    from ._units import Step


class WaitingThread(NamedTuple):
    """A thread that could not go on: what it waited for, where, and who held that since where."""

    number: int
    thread: str
    waits_for: str
    where: Place | None
    holder: str | None
    acquired: Place | None
    #: Where the thread was started; only of one that the test has left.
    started: Place | None = None


class Stuck(NamedTuple):
    """Why an execution was ended, after `steps` steps."""

    kind: Ending
    waits: list[WaitingThread]
    steps: int
    cycle: bool
    #: What each of them had announced and was never granted.
    pending: list[Step]
    #: Whether the test had ended, and nobody could wake them any more.
    left: bool = False
    #: Of a livelock: whether threads counted their rounds, so that they may get somewhere after all.
    counts: bool = False
    #: Of a timeout: how many seconds of processor time there were.
    seconds: float = 0.0


class ThreadFailure(NamedTuple):
    """An exception that ended a thread."""

    number: int
    thread: str
    exception: BaseException


class SetAside(NamedTuple):
    """A thread that blocked where the scheduler could not see it."""

    thread: str
    where: Place | None
    #: Whether it did not block, but computed for too long.
    computed: bool = False


class Outcome(NamedTuple):
    """One execution's end."""

    #: What the body raised in the test's own thread; None also where it was ended as part of being stuck.
    exception: BaseException | None
    #: Where the body was ended as part of being stuck, the exception that did it: it has the traceback.
    unwinding: BaseException | None
    failures: list[ThreadFailure]
    #: By thread, what its own code raised; also where somebody else has caught it, to raise it again.
    raised: dict[int, BaseException]
    stuck: Stuck | None
    threads: list[str]
    choices: list[int]
    log: list[Step]
    #: What threads had announced that were ended before they could go on.
    pending: list[Step]
    #: Whether a thread was ended that could have gone on: a daemon, as a rule.
    cut_off: bool
    #: Threads that could not be ended.
    leaked: list[SetAside]
    set_aside: list[SetAside]
    #: Whether a thread was out of sight while others could go on, so that the order is not all the scheduler's.
    uncontrolled: bool
    #: Whether a thread waited with a time limit.
    timed: bool
    #: Whether a thread has read the clock.
    reads_clock: bool
    #: Whether the clock has gone on for what threads have really waited, or computed, between two looks at it.
    real_time: bool
    #: Nothing was raised, and every thread ended by itself, always in sight.
    uneventful: bool
    #: Each time that a thread has taken a lock while it held others.
    nestings: list[Nesting]
    #: Addresses of locks that another thread released than the one that had taken them.
    signals: set[int]
    #: How many steps followed the first `max_steps`, without being explored; None if it ended before.
    unexplored: int | None
    #: Threads that seemed to be in a livelock meanwhile.
    suspected: list[SetAside]
    #: What controlled threads have used outside of memory, in this order.
    uses: Sequence[Use]
    #: Threads that are not under control and have to do with the execution.
    foreign: Sequence[ForeignThread]
    #: Threads that were still blocked when the test had ended, though something may wake them later.
    left: list[SetAside]
    #: How many of its threads were there before and had no part in it.
    idle: int
    #: Threads whose steps were seen no more from some moment on.
    unseen: Sequence[str]

    @property
    def waits_outside(self) -> bool:
        """Whether real time may have decided something.

        A thread was out of sight, or beside it, or a process was, or a thread saw the clock go on by itself.
        """
        return bool(self.uncontrolled or self.foreign or self.real_time) or any(
            use.thing.kind == "process" and type(use.thing.key) is tuple for use in self.uses
        )

    @classmethod
    def of(cls, execution: Execution) -> Outcome:
        """Sum up an execution that is over."""
        main = execution.main
        closing = execution.closing
        stuck = execution.stuck
        long = execution.long
        units = execution.units
        failures = []
        raised = {}
        for unit in units:
            error = unit.exception or unit.half.caught
            if error is None:
                continue
            if not unit.unwound:
                raised[unit.index] = error
            if unit is not main and (unit.exception is not None or stuck is not None):
                failures.append(ThreadFailure(unit.index, unit.name, error))
        pending = []
        if closing is not None:
            pending = [(unit, unit.operation, unit.touches) for unit in units if unit.unwound or not unit.begun]
        set_aside = execution.outside.noted
        # By position: by name it would take three times as long, thousands of times in a second.
        return cls(
            None if main.unwound else main.exception,
            main.exception if main.unwound else None,
            failures,
            raised,
            stuck,
            [unit.name for unit in units],
            execution.choices,
            execution.log,
            pending,
            closing is not None and closing.cut_off,
            [] if closing is None else closing.leaked,
            set_aside,
            execution.outside.uncontrolled,
            execution.timed,
            execution.clock.readings > 0,
            execution.clock.real,
            closing is None and main.exception is None and not failures and not set_aside and long is None,
            execution.nestings,
            execution.signals,
            None if long is None else long.steps,
            [] if long is None else long.suspected,
            () if execution.uses is None else execution.uses.all,
            list(execution.foreign.values()),
            execution.left,
            execution.lasting.idle(execution) if execution.older else 0,
            execution.unseen,
        )

    @property
    def steps(self) -> int:
        """Scheduling points passed."""
        return len(self.log)
