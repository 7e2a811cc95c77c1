"""The result of an execution."""

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


class PoolTask(NamedTuple):
    """A task of a `ThreadPoolExecutor` that had not ended."""

    #: The thread that ran it; None if it was still in the queue.
    thread: str | None
    #: The threads of the pool.
    pool: tuple[str, ...]


class WaitingThread(NamedTuple):
    """A thread that could not continue: what it waited for, where, which thread held that, and where it took it."""

    number: int
    thread: str
    #: The name of the object: "Condition (created at bank.py:9)"; empty if it waited for nothing.
    waits_for: str
    where: Place | None
    holder: str | None
    acquired: Place | None
    #: What it waited for, in front of that name, if it was not the object itself: "notify() on ".
    event: str = ""
    #: If it waited for the result of a task of a thread pool: that task.
    task: PoolTask | None = None
    #: Whether it waited for something that the scheduler does not control.
    outside: bool = False
    #: Where the thread was started; only for a thread that the test has left behind.
    started: Place | None = None


class EndedThread(NamedTuple):
    """A thread that had ended when the others could not continue, and what its own code raised."""

    number: int
    thread: str
    error: BaseException | None


class Stuck(NamedTuple):
    """The reason for which an execution was ended, after `steps` steps."""

    kind: Ending
    waits: list[WaitingThread]
    steps: int
    cycle: bool
    #: What each of these threads had announced and was never granted.
    pending: list[Step]
    #: The threads that had ended.
    ended: Sequence[EndedThread] = ()
    #: Whether the test had ended, and no other code could wake the threads any more.
    left: bool = False
    #: For a livelock: whether threads counted their rounds, so that they may make progress after all.
    counts: bool = False
    #: For a timeout: the limit that was exceeded, in seconds of processor time.
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
    """The result of one execution."""

    #: What the body raised in the test's own thread; None also if the body was ended because the execution was stuck.
    exception: BaseException | None
    #: If the body was ended because the execution was stuck, the exception that ended it: it has the traceback.
    unwinding: BaseException | None
    failures: list[ThreadFailure]
    #: What each thread's own code raised, by the thread's index; also if other code has caught it, to raise it again.
    raised: dict[int, BaseException]
    stuck: Stuck | None
    threads: list[str]
    choices: list[int]
    log: list[Step]
    #: What threads had announced that were ended before they could continue.
    pending: list[Step]
    #: Whether a thread was ended that could have continued: usually a daemon.
    cut_off: bool
    #: Threads that could not be ended.
    leaked: list[SetAside]
    set_aside: list[SetAside]
    #: Whether a thread was out of sight while others could run, so that the scheduler did not decide all of the order.
    uncontrolled: bool
    #: Whether a thread waited with a time limit.
    timed: bool
    #: Whether a thread has read the clock.
    reads_clock: bool
    #: Fingerprints of the orders in which threads read the clock, and got numbers for their names; None if fewer than
    #: two threads did so.
    order_at_clock: int | None
    order_of_names: int | None
    #: Whether the clock has advanced for what threads have really waited, or computed, between two readings.
    real_time: bool
    #: Whether the execution has continued while something not controlled could still have done what it waited for.
    hurried: bool
    #: Whether a sleep has ended while others worked, after fewer steps than a slow machine does in that time.
    woke_early: bool
    #: Whether nothing was raised, and every thread ended by itself, always in sight, within the bound on steps.
    uneventful: bool
    #: Each case in which a thread has taken a lock while it held others.
    nestings: list[Nesting]
    #: Addresses of locks that were released by another thread than the one that had taken them.
    signals: set[int]
    #: Number of steps after the first `max_steps`, which are not explored; None if the execution ended before.
    unexplored: int | None
    #: Threads that seemed for a while to be in a livelock.
    suspected: list[SetAside]
    #: Uses of things outside of memory by controlled threads, in the order of use.
    uses: Sequence[Use]
    #: Threads that are not controlled but take part in the execution.
    foreign: Sequence[ForeignThread]
    #: Threads that were still blocked when the test had ended, though something may wake them later.
    left: list[SetAside]
    #: Number of its threads that were there before and took no part in it.
    idle: int
    #: Names of threads whose steps were not seen any more from some moment on.
    unseen: Sequence[str]

    @property
    def waits_outside(self) -> bool:
        """Whether real time may have decided something.

        A thread was out of sight, an uncontrolled thread or a process took part, or a thread saw the clock advance by
        itself.
        """
        return bool(self.uncontrolled or self.foreign or self.real_time) or any(
            use.thing.kind == "process" and type(use.thing.key) is tuple for use in self.uses
        )

    @classmethod
    def of(cls, execution: Execution) -> Outcome:
        """Return the result of an execution that is over."""
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
        outside = execution.outside
        set_aside = outside.noted
        # Arguments by position: by name it takes three times as long, thousands of times per second.
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
            outside.uncontrolled,
            execution.timed,
            execution.clock.readings > 0,
            execution.clock.turns.fingerprint,
            execution.timers.names.fingerprint,
            execution.clock.real,
            outside.patience.hurried,
            outside.patience.woke_early,
            closing is None
            and main.exception is None
            and not (failures or set_aside or outside.waits_really)
            and long is None,
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
        """The number of scheduling points passed."""
        return len(self.log)
