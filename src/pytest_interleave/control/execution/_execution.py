"""One execution: controlled threads announce their operations and are granted them one at a time.

There is no scheduler thread. The thread that arrives at a scheduling point asks the strategy who goes next; if that
is another thread, it opens that thread's gate and waits at its own. So exactly one controlled thread runs, and a
switch wakes exactly one.
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

#: Seconds of processor time that an execution may take after its first `max_steps` steps.
LONGEST = 60.0

#: Real seconds after which the main thread, which waits for its turn, looks for signals: one that comes just before it
#: begins to wait does not wake it.
MISSED = 0.1

_MAIN = new_gate.__code__
#: What a thread does whose execution is over.
_OVER = Operation(OVER, None, _MAIN, 0)


class Execution:
    """One run of a body under one schedule; `_main_thread.run_body` runs it.

    `strategy` chooses; `carriers` lend OS threads; after `max_steps` scheduling points the execution goes on without
    choices, see `LongRun`. With `leap`, a position in `LEAPS`, the strategy chooses when time passes as well, see
    `TimeChoices`.
    """

    #: Whether each step's nearest place in scope is kept; see `DetailedExecution`.
    detail = False
    #: How far the frame that is about to do an access is from `point`.
    _depth = 2

    # What most executions never change is set once, here: there are thousands of executions in a second.
    long: LongRun | None = None
    running: Unit | None = None
    #: The code that calls the test's body.
    base: CodeType = _MAIN
    #: Whether the test's body has ended: what is done then in its thread can take long, and is none of the test's.
    body_over = False
    draining = False
    over = False
    #: Whether a thread has waited with a time limit.
    timed = False
    #: True in a child process, where none of the other threads is.
    forked = False
    stuck: Stuck | None = None
    closing: Closing | None = None
    #: Whether the main thread is to run next, because a signal has interrupted it.
    interrupted = False
    #: Which thread has handed over to it.
    stopped: Unit | None = None
    #: The number of changes after which a running thread gives the others a turn.
    turn: int
    #: What controlled threads have used outside of memory; None until one has.
    uses: Uses | None = None
    #: Gives what outlives the execution, and might wake threads that are still blocked when the test has ended.
    outlives: Outliving = tuple
    time_choices: TimeChoices | None = None
    #: Threads that are started there are not under control.
    left_alone: Collection[Start] = ()
    lasting: LastingThreads
    #: How many threads were there before.
    older = 0
    #: Threads whose steps were seen no more from some moment on.
    unseen: Sequence[str] = ()
    #: How many threads there were when the test was set up, where that is a part of the execution.
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
        #: How many steps there are until the next look at what threads do.
        self.look_at = min(LOOK, max_steps)
        self.timers = Timers(self)
        self.progress = Progress(self)
        #: From `max_steps` on, at most for so many seconds of processor time.
        self.longest = longest
        self.clock = self.timers.clock
        self.units: list[Unit] = []
        self.enabled = Enabled()
        #: The schedule: the index of the thread granted, wherever more than one could have been.
        self.choices: list[int] = []
        #: Every step, in the order granted.
        self.log: list[Step] = []
        #: Each time that a thread has taken a lock while it held others.
        self.nestings: list[Nesting] = []
        #: Addresses of locks that another thread released than the one that had taken them.
        self.signals: set[int] = set()
        #: By identifier, threads that are not under control and have to do with it.
        self.foreign: dict[int, ForeignThread] = {}
        #: Threads that are still blocked when the test has ended.
        self.left: list[SetAside] = []
        self.outside = Outside(self)
        self.main = new_unit(self, "main", Operation(BEGIN, None, _MAIN, 0, name="main"), None, daemon=False)
        if leap is not None:
            self.time_choices = TimeChoices(self, leap)

    @property
    def steps(self) -> int:
        """How many steps there have been, whether or not they were explored."""
        return len(self.log) + (0 if self.long is None else self.long.steps)

    # -- scheduling points -----------------------------------------------------------------------------------

    def point(self, unit: Unit, operation: Operation, touches: Touches | None = None) -> None:
        """Announce an operation that can always run; return when it is granted."""
        if unit.special and special_point(self, unit, operation, touches, self._depth):
            return
        unit.operation = operation
        unit.touches = touches
        enabled = self.enabled
        if len(enabled) > 1:
            chosen = enabled[self.strategy.choose(enabled, unit)]
            self.choices.append(chosen.index)
            if chosen is not unit:
                try:
                    self.switch(unit, chosen)
                except LetGo:
                    settled()
                    return
                if touches and (len(touches) > 1 or operation.name == "[]"):
                    # Whether a key or an attribute is there decides what is touched; that may be otherwise by now.
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
        self.log.append((unit, operation, touches))
        if len(self.log) >= self.look_at:
            self._look(unit)

    def wait_for(self, unit: Unit, operation: Operation, resource: Resource, deadline: int | None = None) -> bool:
        """Announce an operation that can run once `resource` is available; return when it is granted.

        The answer is False where `deadline` (virtual) came first. It is for the caller to take the resource.
        """
        # That an earlier wait ran out of time says nothing about this one.
        unit.timed_out = False
        timeless = deadline is not None and deadline <= self.clock.elapsed
        if unit.special and special_wait(self, unit, operation, resource, self._depth, timeless=timeless):
            return True
        if timeless:
            # Not willing to wait at all: it looks once, whenever it is granted.
            operation.mutates = resource.available(unit)
            self.point(unit, operation)
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
            # It got the lock all the same.
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
        """In a thread that was adopted while it waited: go on to wait, as `wait_for` does."""
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
        """In a thread that has been let go: it goes on without control."""
        self.carriers.let_go(unit, sys._getframe(1))
        raise LetGo

    def mark(self, unit: Unit, operation: Operation, touches: Touches | None = None) -> None:
        """Record something that a thread does without a scheduling point of its own."""
        if unit.special and (unit.at_large or self.closing is not None or self.long is not None or self.forked):
            return
        operation.announced = False
        self.log.append((unit, operation, touches))

    # -- who goes next ---------------------------------------------------------------------------------------

    def switch(self, unit: Unit, chosen: Unit) -> None:
        """Let `chosen` run in the place of the running thread; return when that one is granted again."""
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
            # A signal handler (a time limit, Ctrl-C) has interrupted the test's own thread. Perhaps another one runs.
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
        """The thread to go on with after the running one has blocked or ended; None where none ever will.

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
            if self.enabled.overlooked(self.units):
                continue
            if self.outside.may_wake_someone():
                return self.carriers.nobody
            if not self.timers.advance():
                return None

    def _look(self, unit: Unit) -> None:
        """Look, every now and then and in the running thread, whether anyone gets anywhere."""
        if len(self.log) >= self.bound:
            self._bound_reached(unit)
        else:
            self.progress.look()
        self.look_at = min(len(self.log) + LOOK, self.bound)

    # -- endings ---------------------------------------------------------------------------------------------

    def close(self, *, interrupted: bool = False) -> None:
        """From now on nothing is scheduled: every thread that is left is ended, one after the other."""
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
        """The code of the outermost frame that is not the thread's own."""
        return self.base if unit is self.main else run_unit.__code__

    def free(self) -> None:
        """All threads have ended by themselves: undo the circles of references.

        Then the execution is freed at once, which is cheaper than to let the garbage collector find it.
        """
        if self.timed or self.clock.readings:
            # What it did last may be to wait for itself.
            for unit in self.units:
                unit.operation = _OVER
            self.clock.readers = {}
        if self.time_choices is not None:
            self.time_choices = None
            self.enabled = Enabled()
        self.units, self.log, self.nestings, self.running, self.uses = [], [], [], None, None
        del self.main
