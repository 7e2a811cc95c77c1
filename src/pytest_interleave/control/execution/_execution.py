"""One execution: controlled threads announce their operations and are granted them one at a time.

There is no scheduler thread. The thread that arrives at a scheduling point asks the strategy who goes next; if that
is another thread, it opens that thread's gate and waits at its own. So exactly one controlled thread runs, and a
switch wakes exactly one.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any, NoReturn

from ..scope import _real
from ..scope._real import new_gate
from ..scope._tracebacks import without_ours
from ..steps._accessing import accessing
from ..steps._operations import Operation
from ._closing import Closing
from .outside._outside import Outside
from .progress._long_run import LongRun
from .progress._probe import changes
from .progress._progress import LOOK, Progress
from .timing._time_choices import TimeChoices
from .timing._timers import Timers
from .units import _current
from .units._at_large import LetGo, settled
from .units._enabled import Enabled
from .units._outcome import Stuck
from .units._units import Resource, Step, Task, Unwind
from .units._waits import cycle_from, stuck_of

if TYPE_CHECKING:
    from ..steps._protocol import Nesting, Path, Strategy
    from ..steps._things import Uses
    from ..steps._touches import Touches
    from .outside._blocked_at_end import Outliving
    from .outside._foreign import ForeignThread
    from .outside._left_alone import Start
    from .units._carrying import Carriers, LastingThreads
    from .units._outcome import SetAside

#: Steps in a row that change nothing, after which a thread that keeps running while others could counts as spinning.
SPIN_STEPS = 50
#: Steps in a row that change something, after which the others get a turn.
RUN_STEPS = 5_000
#: So many turns of all threads there are at least before the bound on steps is reached.
TURNS = 5

#: Real seconds for a thread to come to a scheduling point when the execution is interrupted.
INTERRUPTED_PATIENCE = 0.2
#: Seconds of processor time that an execution may take after its first `max_steps` steps.
LONGEST = 60.0

#: Real seconds after which the main thread, which waits for its turn, looks for signals: one that comes just before it
#: begins to wait does not wake it.
MISSED = 0.1

#: Held to decide whether a thread stops for the main one.
_stopping = _real.real_lock()

_MAIN = new_gate.__code__
#: What a thread does whose execution is over.
_OVER = Operation("over", None, _MAIN, 0)


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
    running: Task | None = None
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
    _stopped: Task | None = None
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
        self.tasks: list[Task] = []
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
        self.main = self._new_task("main", Operation("begin", None, _MAIN, 0, name="main"), None, daemon=False)
        if leap is not None:
            self.time_choices = TimeChoices(self, leap)

    @property
    def steps(self) -> int:
        """How many steps there have been, whether or not they were explored."""
        return len(self.log) + (0 if self.long is None else self.long.steps)

    # -- scheduling points -----------------------------------------------------------------------------------

    def point(self, task: Task, operation: Operation, touches: Touches | None = None) -> None:
        """Announce an operation that can always run; return when it is granted."""
        if task.special and self._special_point(task, operation, touches):
            return
        task.operation = operation
        task.touches = touches
        enabled = self.enabled
        if len(enabled) > 1:
            chosen = enabled[self.strategy.choose(enabled, task)]
            self.choices.append(chosen.index)
            if chosen is not task:
                try:
                    self.switch(task, chosen)
                except LetGo:
                    settled()
                    return
                if touches and (len(touches) > 1 or operation.name == "[]"):
                    # Whether a key or an attribute is there decides what is touched; that may be otherwise by now.
                    touches = task.touches = operation.touch(accessing(sys._getframe(self._depth))) or ()
            elif operation.mutates:
                task.streak = 0
                task.run_length += 1
                if task.run_length > self._turn and self._is_to_give_way(task):
                    self._give_way(task)
            else:
                task.streak += 1
                if task.streak > SPIN_STEPS and self._is_to_give_way(task):
                    self._give_way(task)
        self.log.append((task, operation, touches))
        if len(self.log) >= self.look_at:
            self._look(task)

    def wait_for(self, task: Task, operation: Operation, resource: Resource, deadline: int | None = None) -> bool:
        """Announce an operation that can run once `resource` is available; return when it is granted.

        The answer is False where `deadline` (virtual) came first. It is for the caller to take the resource.
        """
        # That an earlier wait ran out of time says nothing about this one.
        task.timed_out = False
        timeless = deadline is not None and deadline <= self.clock.elapsed
        if task.special and self._special_wait(task, operation, resource, timeless=timeless):
            return True
        if timeless:
            # Not willing to wait at all: it looks once, whenever it is granted.
            operation.mutates = resource.available(task)
            self.point(task, operation)
            return resource.available(task)
        task.operation = operation
        task.touches = None
        if resource.available(task):
            enabled = self.enabled
            if len(enabled) > 1:
                chosen = enabled[self.strategy.choose(enabled, task)]
                self.choices.append(chosen.index)
                if chosen is not task:
                    task.wait_for(resource, deadline)
                    self.switch(task, chosen)
                    task.withdraw()
                else:
                    task.streak += 1
                    if task.streak > SPIN_STEPS and self._is_to_give_way(task):
                        task.wait_for(resource, deadline)
                        self._give_way(task)
                        task.withdraw()
        else:
            task.wait_for(resource, deadline)
            self._block(task)
            task.withdraw()
        if task.timed_out and operation.kind == "acquire" and resource.available(task):
            # It got the lock all the same.
            operation.expired_at = None
        if self.long is not None:
            # Its turn does not end here: others would take what it has waited for.
            self.long.steps += 1
        else:
            self.log.append((task, operation, None))
            if len(self.log) >= self.look_at:
                self._look(task)
        return resource.available(task)

    def resume(self, task: Task) -> bool:
        """In a thread that was adopted while it waited: go on to wait, as `wait_for` does."""
        self.carriers.take_over(task, sys._getframe(1))
        settled()
        self.park(task)
        resource = task.resource
        assert resource is not None
        task.withdraw()
        if self.long is not None:
            self.long.steps += 1
        else:
            self.log.append((task, task.operation, None))
            if len(self.log) >= self.look_at:
                self._look(task)
        return resource.available(task)

    def let_go(self, task: Task) -> NoReturn:
        """In a thread that has been let go: it goes on without control."""
        self.carriers.let_go(task, sys._getframe(1))
        raise LetGo

    def mark(self, task: Task, operation: Operation, touches: Touches | None = None) -> None:
        """Record something that a thread does without a scheduling point of its own."""
        if task.special and (task.at_large or self.closing is not None or self.long is not None or self.forked):
            return
        operation.announced = False
        self.log.append((task, operation, touches))

    # -- who goes next ---------------------------------------------------------------------------------------

    def switch(self, task: Task, chosen: Task) -> None:
        """Let `chosen` run in the place of the running thread; return when that one is granted again."""
        task.streak = 0
        task.run_length = 0
        if chosen.is_clock:
            assert self.time_choices is not None
            chosen = self.time_choices.go_on(task)
            if chosen is task:
                return
        self.hand_over(chosen)
        self.park(task)

    def hand_over(self, chosen: Task) -> None:
        self.running = chosen
        chosen.half.gate.release()

    def park(self, task: Task) -> None:
        try:
            if task is self.main:
                while not task.half.gate.acquire(True, MISSED):
                    pass
            else:
                task.half.gate.acquire()
        except BaseException:
            # A signal handler (a time limit, Ctrl-C) has interrupted the test's own thread. Perhaps another one runs.
            self.close(interrupted=not self.interrupted)
            raise
        if task.special:
            if self.interrupted and self.closing is None and task is not self.main:
                self._give_way_to_main(task)
                return
            if task.at_large:
                if _current.tasks[task.half.ident] is task:
                    # It was about to be taken over while it was let go.
                    del _current.tasks[task.half.ident]
                self.let_go(task)
            if self.closing is not None:
                self.closing.woken(task)

    def _block(self, task: Task) -> None:
        if task.deadline is not None and self.time_choices is not None:
            self.time_choices.waits(task)
        self.enabled.drop(task)
        task.streak = 0
        task.run_length = 0
        cycle = cycle_from(task)
        if cycle:
            self._end_stuck(task, "deadlock", cycle)
        chosen = self.next_task()
        if chosen is None:
            self._end_stuck(task, "deadlock", [])
        elif chosen is not task:
            self.hand_over(chosen)
            self.park(task)

    def next_task(self) -> Task | None:
        """The thread to go on with after the running one has blocked or ended; None where none ever will.

        While draining, that is the test's own thread as soon as the others have done what they can.
        """
        while True:
            if self.outside.busy:
                self.outside.absorb()
            if self.draining and not any(task.lasting or not task.daemon for task in self.enabled):
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
            if self.enabled.overlooked(self.tasks):
                continue
            if self.outside.may_wake_someone():
                return self.carriers.nobody
            if not self.timers.advance():
                return None

    def _is_to_give_way(self, task: Task) -> bool:
        """Whether the running thread, which has gone on for long, is to give the others a turn.

        Not while it holds a lock, if that ever ends: the others might all wait for it, and never get any further.
        """
        return not task.held or task.streak > 2 * SPIN_STEPS or task.run_length > self._turn + SPIN_STEPS

    def _look(self, task: Task) -> None:
        """Look, every now and then and in the running thread, whether anyone gets anywhere."""
        if len(self.log) >= self.bound:
            self._bound_reached(task)
        else:
            self.progress.look()
        self.look_at = min(len(self.log) + LOOK, self.bound)

    def _give_way(self, task: Task) -> None:
        """The running thread spins: demote it, and let the next one in line go on."""
        self.strategy.yielded(task.index)
        enabled = self.enabled
        at = enabled.index(task)
        held_back = getattr(self.strategy, "held_back", ())
        others = (*enabled[at + 1 :], *enabled[:at])
        able = [other for other in others if other.index not in held_back and not other.is_clock]
        if not able:
            task.streak = 0
            return
        chosen = able[0]
        self.choices[-1] = chosen.index
        self.switch(task, chosen)

    # -- threads ---------------------------------------------------------------------------------------------

    def spawn(
        self,
        parent: Task,
        target: Callable[[], object],
        operation: Operation,
        name: str,
        *,
        daemon: bool,
        thread: threading.Thread | None = None,
    ) -> Task:
        """Start a controlled thread; its first scheduling point is its beginning."""
        task = self._new_task(name, operation, parent, daemon=daemon)
        self.carriers.assign(task, target, thread)
        if self.closing is None:
            self.enabled.add(task)
        else:
            self.closing.add(task)
        return task

    def adopt(self, name: str, operation: Operation, path: Path) -> Task:
        """A thread that was there before is under control from now on; it has still to be told where it waits."""
        task = self._new_task(name, operation, None, daemon=True, path=path)
        task.lasting = task.begun = True
        return task

    def _new_task(self, name: str, operation: Operation, parent: Task | None, *, daemon: bool, path: Path = ()) -> Task:
        task = Task(self, len(self.tasks), name, operation, parent, daemon)
        if path:
            task.path = path
        task.special = self.long is not None or self.progress.watching or self.interrupted
        self.tasks.append(task)
        # A change comes with a read, as a rule, and often with a lock that is taken and released.
        turn = self.bound // (4 * TURNS * len(self.tasks))
        self._turn = RUN_STEPS if turn > RUN_STEPS else turn or 1
        self.strategy.spawned(task)
        return task

    def run_task(self, task: Task) -> None:
        """What a carrier runs: the controlled thread's own code."""
        if task.doomed:
            return
        task.begun = True
        if self.long is None:
            self.log.append((task, task.operation, None))
        try:
            task.half.run()
        except Unwind:
            task.unwound = True
        except BaseException as error:
            error = error.with_traceback(without_ours(error.__traceback__))
            # It may have outlived this execution.
            task = _current.tasks[task.half.ident] or task
            if task.at_large and task.thread is not None:
                task.half.report(error)
            else:
                task.exception = error

    def note_unseen(self, task: Task) -> None:
        """The steps of `task`, which has ended, were seen no more from some moment on."""
        # An execution ends its threads by an exception, which ends tracing, too.
        if self.closing is None and not (task.unwound or task.at_large):
            self.unseen = (*self.unseen, task.name)

    def finish(self, task: Task) -> None:
        """A controlled thread has ended; its carrier's last act is to wake the next one."""
        task.done = True
        if self.closing is not None:
            self.closing.finished(task)
            return
        # Others may have waited for it.
        self.progress.stop()
        if task.outside and self.outside.finished(task):
            return
        if task.enabled:
            self.enabled.drop(task)
        self.enabled.refresh(task)
        chosen = self.next_task()
        if chosen is None:
            self.end_stuck_from_outside()
        else:
            self.hand_over(chosen)

    # -- endings ---------------------------------------------------------------------------------------------

    def close(self, *, interrupted: bool = False) -> None:
        """From now on nothing is scheduled: every thread that is left is ended, one after the other."""
        if self.closing is None:
            self.closing = Closing(self, interrupted=interrupted)

    def stop_for(self, main: Task) -> bool:
        """In the main thread, which waits for its turn: let it run now, to handle a signal; whether it can.

        The running thread hands over at its next scheduling point: it may be in the middle of a switch.
        """
        self._stopped = None
        self.interrupted = True
        for task in self.tasks:
            task.special = True
        if main.half.gate.acquire(timeout=INTERRUPTED_PATIENCE):
            return True
        with _stopping:
            if main.half.gate.acquire(blocking=False):
                return True
            self.interrupted = False
            return False

    def go_on_after(self, main: Task) -> None:
        """In the main thread, which has handled a signal: it waits again, and the thread that ran before goes on."""
        self.interrupted = False
        for task in self.tasks:
            task.settle()
        stopped, self._stopped = self._stopped, None
        if stopped is None:
            # It was its turn anyway.
            main.half.gate.release()
        else:
            self.hand_over(stopped)

    def _give_way_to_main(self, task: Task) -> None:
        with _stopping:
            if not self.interrupted:
                # The main thread waits for it no more.
                return
            self._stopped = task
            self.hand_over(self.main)
        self.park(task)

    def _end_stuck(self, task: Task, kind: str, cycle: list[Task], **more: Any) -> None:
        """The execution cannot go on. The calling thread is among those to be ended."""
        self.stuck = stuck_of(self, kind, cycle, **more)
        self.close()
        assert self.closing is not None
        self.closing.begin_from(task)

    def end_stuck_from_outside(self) -> None:
        """The execution cannot go on, and the calling thread is not one of those to be ended."""
        self._end_from_outside("deadlock")

    def _end_from_outside(self, kind: str, **more: Any) -> None:
        self.stuck = stuck_of(self, kind, [], **more)
        self.close()
        assert self.closing is not None
        self.closing.next_victim()

    def end_as_livelock(self, task: Task, *, counts: bool = False) -> None:
        """No thread gets anywhere, nor ever will; the calling one is among those to be ended.

        With `counts`, they do nothing but to count.
        """
        if self.draining:
            self.end_draining(task)
        else:
            self._end_stuck(task, "livelock", [], counts=counts)

    def _bound_reached(self, task: Task) -> None:
        self.progress.stop()
        if self.draining:
            self.end_draining(task)
        elif self.long is None:
            self.long = LongRun(self, self.longest)
            self.long.begin()

    def end_as_endless(self, task: Task) -> None:
        """The execution takes too long; nothing is known of whether it would end."""
        self._end_stuck(task, "timeout", [], seconds=self.longest)

    def end_as_endless_from_outside(self) -> None:
        """The same in the watchdog: a thread that is outside computes for too long."""
        self._end_from_outside("timeout", seconds=self.longest)

    def end_draining(self, task: Task) -> None:
        """That was enough for threads that the test body has left behind."""
        self.bound = sys.maxsize
        self.hand_over(self.main)
        self.park(task)

    def base_of(self, task: Task) -> CodeType:
        """The code of the outermost frame that is not the thread's own."""
        return self.base if task is self.main else Execution.run_task.__code__

    def free(self) -> None:
        """All threads have ended by themselves: undo the circles of references.

        Then the execution is freed at once, which is cheaper than to let the garbage collector find it.
        """
        if self.timed or self.clock.readings:
            # What it did last may be to wait for itself.
            for task in self.tasks:
                task.operation = _OVER
            self.clock.readers = {}
        if self.time_choices is not None:
            self.time_choices = None
            self.enabled = Enabled()
        self.tasks, self.log, self.nestings, self.running, self.uses = [], [], [], None, None
        del self.main

    # -- the uncommon ----------------------------------------------------------------------------------------

    def _special_point(self, task: Task, operation: Operation, touches: Touches | None) -> bool:
        """True where the point is dealt with: nothing is to be scheduled."""
        if self.forked:
            return True
        try:
            if task.at_large:
                # It is still looked at, where it came back from out of sight when all was over.
                self.let_go(task)
            if self.closing is not None:
                self.closing.point(task)
                return True
            if self.interrupted:
                self._give_way_to_main(task)
            if task.outside or self.outside.busy:
                self._absorb_outside(task)
        except LetGo:
            settled()
            return True
        if task.atomic:
            if self.long is None:
                self.log.append((task, operation.within_a_step(), touches))
            return True
        if self.progress.watching:
            self.progress.step(task, operation, touches, sys._getframe(self._depth))
        if self.long is not None:
            self.long.point(task, changed=changes(operation, touches))
            return True
        task.settle()
        return False

    def _special_wait(self, task: Task, operation: Operation, resource: Resource, *, timeless: bool) -> bool:
        """True where the wait is dealt with: the resource is available and nothing is to be scheduled."""
        if self.closing is not None:
            self.closing.wait(task, resource)
            return True
        if self.interrupted:
            self._give_way_to_main(task)
        if task.outside or self.outside.busy:
            self._absorb_outside(task)
        if task.atomic and resource.available(task):
            if self.long is None:
                self.log.append((task, operation.within_a_step(), None))
            return True
        if not timeless and self.progress.watching:
            self.progress.step(task, operation, None, sys._getframe(self._depth))
        if not resource.available(task):
            return False
        if self.long is not None:
            self.long.point(task, changed=False)
            return resource.available(task)
        task.settle()
        return False

    def _absorb_outside(self, task: Task) -> None:
        """Threads that were out of sight come back, the calling one or others."""
        if task.outside:
            self.outside.come_back(task)
            if task.at_large:
                self.let_go(task)
        elif self.outside.busy:
            self.outside.absorb()
