"""The execution of a body under one schedule: units announce their operations and are granted them one at a time.

There is no scheduler thread. The thread that reaches a scheduling point asks the strategy which thread runs next. If
that is another thread, it opens that thread's gate and waits at its own. So exactly one controlled thread runs, and a
context switch wakes exactly one.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from types import CodeType
from typing import TYPE_CHECKING, NoReturn

from ..scope._real import new_gate
from ..steps._accessing import accessing
from ..steps._kinds import ACQUIRE, BEGIN, OVER
from ..steps._operations import Operation
from ._closing import Closing
from ._fairness import SPIN_STEPS, give_way, is_to_give_way
from ._interruption import give_way_to_main
from ._special_points import special_point, special_wait
from ._unit_lives import new_unit, run_unit
from .outside._outside import Outside
from .progress._long_run import LongRun
from .progress._progress import LOOK, Progress
from .timing._time_choices import TimeChoices
from .timing._timers import Timers
from .units import _current
from .units._at_large import LetGo, settled
from .units._enabled import Enabled
from .units._ending import end_draining, end_stuck
from .units._endings import DEADLOCK
from .units._outcome import Stuck
from .units._resources import Resource
from .units._units import Step, Unit
from .units._waits import cycle_from

if TYPE_CHECKING:
    from ..steps._protocol import Nesting, Strategy
    from ..steps._things import Uses
    from ..steps._touches import Touches
    from .outside._blocked_at_end import Outliving
    from .outside._foreign import ForeignThread
    from .outside._left_alone import Start
    from .units._carrying import Carriers, LastingThreads
    from .units._outcome import SetAside

#: Seconds of processor time that an execution may take after its first `max_steps` steps; then it ends as a timeout.
LONGEST = 60.0

#: Real seconds after which the main thread, while it waits for its turn, checks for signals. A signal that comes just
#: before it begins to wait does not wake it.
MISSED = 0.1

_MAIN = new_gate.__code__
#: The operation of a thread whose execution is over.
_OVER = Operation(OVER, None, _MAIN, 0)


class Execution:
    """One run of a body under one schedule; `_main_thread.run_body` runs it.

    `strategy` makes the choices, and `carriers` lend OS threads. After `max_steps` scheduling points the execution
    continues without choices, see `LongRun`. With `leap`, a position in `LEAPS`, the strategy also chooses when time
    passes, see `TimeChoices`.
    """

    #: Whether each step's nearest place in scope is kept; see `DetailedExecution`.
    detail = False
    #: Number of frames from `point` outwards to the frame that is about to do an access.
    _depth = 2

    # What most executions never change is set once, here: there are thousands of executions per second.
    long: LongRun | None = None
    running: Unit | None = None
    #: The code that calls the test's body.
    base: CodeType = _MAIN
    #: Whether the test's body has ended. What its thread does after that can take long, and is not part of the test.
    body_over = False
    draining = False
    over = False
    #: Whether a thread has waited with a time limit.
    timed = False
    #: True in a child process, in which the other threads do not exist.
    forked = False
    stuck: Stuck | None = None
    closing: Closing | None = None
    #: Whether the main thread is to run next because a signal has interrupted it.
    interrupted = False
    #: The thread that has handed over to the main thread for that.
    stopped: Unit | None = None
    #: Number of changes after which a running thread gives the others a turn.
    turn: int
    #: Things outside of memory that controlled threads have used; None until there is one.
    uses: Uses | None = None
    #: Returns objects that outlive the execution, and might wake threads that are still blocked when the test has
    #: ended.
    outlives: Outliving = tuple
    time_choices: TimeChoices | None = None
    #: Threads that are started at these places are not controlled.
    left_alone: Collection[Start] = ()
    lasting: LastingThreads
    #: Number of its threads that were there before the execution.
    older = 0
    #: Names of threads whose steps were not seen any more from some moment on.
    unseen: Sequence[str] = ()
    #: Number of threads when the test was set up, if the set-up is a part of the execution.
    of_fixtures = 0

    def __init__(
        self,
        strategy: Strategy,
        carriers: Carriers,
        *,
        max_steps: int,
        longest: float = LONGEST,
        leap: int | None = None,
    ) -> None:
        self.strategy = strategy
        self.carriers = carriers
        self.bound = max_steps
        #: Number of steps at which it is next checked what the threads do.
        self.look_at = min(LOOK, max_steps)
        self.timers = Timers(self)
        self.progress = Progress(self)
        #: Seconds of processor time that the steps after the first `max_steps` may take; then the execution ends as a
        #: timeout.
        self.longest = longest
        self.clock = self.timers.clock
        self.units: list[Unit] = []
        self.enabled = Enabled()
        #: The schedule: the index of the thread granted, at each point where more than one could have been.
        self.choices: list[int] = []
        #: Every step, in the order granted.
        self.log: list[Step] = []
        #: Each case in which a thread has taken a lock while it held others.
        self.nestings: list[Nesting] = []
        #: Addresses of locks that were released by another thread than the one that had taken them.
        self.signals: set[int] = set()
        #: Threads that are not controlled but take part in the execution, by identifier.
        self.foreign: dict[int, ForeignThread] = {}
        #: Threads that are still blocked when the test has ended.
        self.left: list[SetAside] = []
        self.outside = Outside(self)
        self.main = new_unit(self, "main", Operation(BEGIN, None, _MAIN, 0, name="main"), None, daemon=False)
        if leap is not None:
            self.time_choices = TimeChoices(self, leap)

    @property
    def steps(self) -> int:
        """The number of steps so far, whether or not they were explored."""
        return len(self.log) + (0 if self.long is None else self.long.steps)

    # -- scheduling points -----------------------------------------------------------------------------------

    def point(self, unit: Unit, operation: Operation, touches: Touches | None = None) -> None:
        """Announce an operation that can always run, and return when it is granted."""
        if unit.special and special_point(self, unit, operation, touches, self._depth):
            return
        unit.operation = operation
        unit.touches = touches
        enabled = self.enabled
        if len(enabled) > 1:
            chosen = enabled[self.strategy.choose(enabled, unit)]
            self.choices.append(chosen.index)
            try:
                if chosen is not unit:
                    self.switch(unit, chosen)
                    if touches and (len(touches) > 1 or operation.name == "[]"):
                        # What is touched depends on whether a key or an attribute exists; that may have changed by now.
                        touches = unit.touches = operation.touch(accessing(sys._getframe(self._depth))) or ()
                elif operation.mutates:
                    unit.streak = 0
                    unit.run_length += 1
                    if unit.run_length > self.turn and is_to_give_way(unit, self.turn):
                        give_way(self, unit)
                else:
                    unit.streak += 1
                    if unit.streak > SPIN_STEPS and is_to_give_way(unit, self.turn):
                        give_way(self, unit)
            except LetGo:
                settled()
                return
        self.log.append((unit, operation, touches))
        if len(self.log) >= self.look_at:
            self._look(unit)

    def wait_for(self, unit: Unit, operation: Operation, resource: Resource, deadline: int | None = None) -> bool:
        """Announce an operation that can run once `resource` is available, and return when it is granted.

        The answer is False if `deadline` (in virtual nanoseconds) came first. The caller takes the resource itself.
        """
        # That an earlier wait timed out says nothing about this one.
        unit.timed_out = False
        timeless = deadline is not None and deadline <= self.clock.elapsed
        if unit.special and special_wait(self, unit, operation, resource, self._depth, timeless=timeless):
            return True
        if timeless:
            # It is not willing to wait at all: it checks once, when it is granted.
            operation.mutates = resource.available(unit)
            self.point(unit, operation)
            if unit.at_large:
                raise LetGo
            return resource.available(unit)
        unit.operation = operation
        unit.touches = None
        if resource.available(unit):
            enabled = self.enabled
            if len(enabled) > 1:
                chosen = enabled[self.strategy.choose(enabled, unit)]
                self.choices.append(chosen.index)
                if chosen is not unit:
                    unit.wait_for(resource, deadline)
                    self.switch(unit, chosen)
                    unit.withdraw()
                else:
                    unit.streak += 1
                    if unit.streak > SPIN_STEPS and is_to_give_way(unit, self.turn):
                        unit.wait_for(resource, deadline)
                        give_way(self, unit)
                        unit.withdraw()
        else:
            unit.wait_for(resource, deadline)
            self._block(unit)
            unit.withdraw()
        if unit.timed_out and operation.kind == ACQUIRE and resource.available(unit):
            # It got the lock after all.
            operation.expired_at = None
        if self.long is not None:
            # Its turn does not end here: others would take what it has waited for.
            self.long.steps += 1
        else:
            self.log.append((unit, operation, None))
            if len(self.log) >= self.look_at:
                self._look(unit)
        return resource.available(unit)

    def resume(self, unit: Unit) -> bool:
        """Continue the wait of a thread that was adopted while it waited, as `wait_for` does.

        Called in that thread. The answer is whether its resource is available.
        """
        self.carriers.take_over(unit, sys._getframe(1))
        settled()
        self.park(unit)
        resource = unit.resource
        assert resource is not None
        unit.withdraw()
        if self.long is not None:
            self.long.steps += 1
        else:
            self.log.append((unit, unit.operation, None))
            if len(self.log) >= self.look_at:
                self._look(unit)
        return resource.available(unit)

    def let_go(self, unit: Unit) -> NoReturn:
        """Raise `LetGo` in a thread that has been let go, so that it continues without control."""
        self.carriers.let_go(unit, sys._getframe(1))
        raise LetGo

    def mark(self, unit: Unit, operation: Operation, touches: Touches | None = None) -> None:
        """Record an operation that a thread does without a scheduling point of its own."""
        if unit.special and (unit.at_large or self.closing is not None or self.long is not None or self.forked):
            return
        operation.announced = False
        self.log.append((unit, operation, touches))

    # -- which unit runs next --------------------------------------------------------------------------------

    def switch(self, unit: Unit, chosen: Unit) -> None:
        """Let `chosen` run instead of the running thread, and return when that one is granted again."""
        unit.streak = 0
        unit.run_length = 0
        if chosen.is_clock:
            assert self.time_choices is not None
            chosen = self.time_choices.go_on(unit)
            if chosen is unit:
                return
        self.hand_over(chosen)
        self.park(unit)

    def hand_over(self, chosen: Unit) -> None:
        self.running = chosen
        chosen.half.gate.release()

    def park(self, unit: Unit) -> None:
        try:
            if unit is self.main:
                while not unit.half.gate.acquire(True, MISSED):
                    pass
            else:
                unit.half.gate.acquire()
        except BaseException:
            # A signal handler (a time limit, Ctrl-C) has interrupted the test's own thread. Another thread may be
            # running.
            self.close(interrupted=not self.interrupted)
            raise
        if unit.special:
            if self.interrupted and self.closing is None and unit is not self.main:
                give_way_to_main(self, unit)
                return
            if unit.at_large:
                if _current.units[unit.half.ident] is unit:
                    # It was about to be taken over while it was let go.
                    del _current.units[unit.half.ident]
                self.let_go(unit)
            if self.closing is not None:
                self.closing.woken(unit)

    def _block(self, unit: Unit) -> None:
        if unit.deadline is not None and self.time_choices is not None:
            self.time_choices.waits(unit)
        self.enabled.drop(unit)
        unit.streak = 0
        unit.run_length = 0
        cycle = cycle_from(unit)
        if cycle:
            end_stuck(self, unit, DEADLOCK, cycle)
        chosen = self.next_unit()
        if chosen is None:
            end_stuck(self, unit, DEADLOCK, [])
        elif chosen is not unit:
            self.hand_over(chosen)
            self.park(unit)

    def next_unit(self) -> Unit | None:
        """Return the unit to run after the running one has blocked or ended; None if none ever can.

        While draining, that is the test's own thread as soon as the others have done what they can.
        """
        while True:
            if self.outside.busy:
                self.outside.absorb()
            if self.draining and not any(unit.lasting or not unit.daemon for unit in self.enabled):
                sleeper = self.timers.earliest(daemons=False)
                if sleeper is None and not self.outside.keeps_waiting():
                    return self.main
            enabled = self.enabled
            if enabled:
                if len(enabled) == 1:
                    return enabled[0]
                chosen = enabled[self.strategy.choose(enabled, None)]
                if self.long is None:
                    self.choices.append(chosen.index)
                if chosen.is_clock:
                    assert self.time_choices is not None
                    chosen = self.time_choices.go_on(None)
                return chosen
            awaited = self.outside.may_wake_someone()
            if not self.enabled.overlooked(self.units):
                if awaited:
                    return self.carriers.no_unit
                if not self.timers.advance():
                    return None

    def _look(self, unit: Unit) -> None:
        """Check every few steps, in the running thread, whether any thread makes progress."""
        if len(self.log) >= self.bound:
            self._bound_reached(unit)
        else:
            self.progress.look()
        self.look_at = min(len(self.log) + LOOK, self.bound)

    # -- endings ---------------------------------------------------------------------------------------------

    def close(self, *, interrupted: bool = False) -> None:
        """Stop scheduling: from now on, all threads that are left are ended, one after the other."""
        if self.closing is None:
            self.closing = Closing(self, interrupted=interrupted)

    def _bound_reached(self, unit: Unit) -> None:
        self.progress.stop()
        if self.draining:
            end_draining(self, unit)
        elif self.long is None:
            self.long = LongRun(self, self.longest)
            self.long.begin()

    def base_of(self, unit: Unit) -> CodeType:
        """Return the code of ours that calls the unit's own code."""
        return self.base if unit is self.main else run_unit.__code__

    def free(self) -> None:
        """Break the reference cycles of an execution whose threads have all ended by themselves.

        The execution is then freed at once, which is cheaper than letting the garbage collector find it.
        """
        if self.timed or self.clock.readings:
            # A unit's last operation may have the unit itself as its target.
            for unit in self.units:
                unit.operation = _OVER
            self.clock.readers = {}
        if self.time_choices is not None:
            self.time_choices = None
            self.enabled = Enabled()
        self.outside.free()
        self.units, self.log, self.nestings, self.running, self.uses = [], [], [], None, None
        self.main = self.carriers.no_unit  # The watchdog may still look at it.
