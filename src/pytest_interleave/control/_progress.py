"""Whether threads get anywhere, and what time passes meanwhile.

A thread that works, for however long, lets no time pass: no timeout of another one expires. A sleep may end
while it works, because nothing is known of real speeds, but only if no timeout expires on the way. If all threads that
could run are found to spin, time passes to the next moment at which a sleep or a timeout ends; if there is none, they
will spin for ever, which is a livelock.
"""

from __future__ import annotations

import weakref
from types import CodeType, FrameType
from typing import TYPE_CHECKING

from ._clock import _real_monotonic_ns
from ._probe import Finding, Probe
from ._tasks import new_gate
from ._touches import WRITES

if TYPE_CHECKING:
    from ._execution import Execution
    from ._operations import Operation
    from ._tasks import Task
    from ._touches import Touches

#: Steps between two looks.
LOOK = 64
#: Looks in a row at which nothing has changed, before threads are probed.
QUIET_LOOKS = 2
#: Steps until the next probe after one that has found a thread to work: twice as many each time, at most these.
_MOST_STEPS_BETWEEN = 1 << 15
#: A sleep of so many seconds ends after this many steps for each, if other threads can run all the time; at least, and
#: at most, as many as these.
_STEPS_OF_A_SECOND = 10_000
_FEWEST_STEPS, _MOST_STEPS = 300, 5_000
#: Real seconds that spinning threads are given for something that the scheduler does not control to happen.
_PATIENCE = 2.0
#: Real seconds between two probes meanwhile.
_PAUSE = 0.02


class Progress:
    """Looks at one execution every now and then. All is done in the thread that runs."""

    def __init__(self, execution: Execution) -> None:
        self._execution = weakref.ref(execution)
        #: The probe that is going on.
        self.probe: Probe | None = None
        #: What probes do not look at: the outermost frame's code.
        self._base: CodeType | None = None
        self._looked = 0
        self._quiet = 0
        #: Where in the log probes are allowed again, and how many steps after the next one.
        self._next_probe = 0
        self._between = 4 * LOOK
        #: The threads that were found to spin, since something last changed.
        self._spinning: list[Task] = []
        #: Whether one of them counts its rounds; those that repeat what they write, or try for.
        self._counting = False
        self._suspects: list[tuple[Task, FrameType | None]] = []
        #: Where in the log time last passed.
        self.passed = 0
        #: Real time since when spinning threads wait for something from outside.
        self._waiting_since: int | None = None

    @property
    def execution(self) -> Execution:
        """The execution; only weakly, so that it is freed as soon as it is over. Who calls here holds it."""
        execution = self._execution()
        assert execution is not None
        return execution

    def look(self, task: Task) -> None:
        """Every `LOOK` steps: has anything changed since the last look, and is a sleep to end?"""
        execution = self.execution
        if self.probe is not None:
            return
        log = execution.log
        changed = any(_changes(operation, touches) for _, operation, touches in log[self._looked :])
        self._looked = len(log)
        self._quiet = 0 if changed else self._quiet + 1
        if changed:
            self._waiting_since = None
        if self._end_a_sleep():
            self._quiet = 0
        elif self._quiet >= QUIET_LOOKS and len(log) >= self._next_probe and not task.special:
            self.begin(task)

    def _end_a_sleep(self) -> bool:
        """End the next sleep, if others have run for long since it began, and no timeout expires before."""
        execution = self.execution
        sleeper = execution.timers.next_sleeper()
        if sleeper is None:
            return False
        seconds = sleeper.patience / 1e9
        steps = min(max(seconds * _STEPS_OF_A_SECOND, _FEWEST_STEPS), _MOST_STEPS)
        if len(execution.log) - max(self.passed, sleeper.waits_from) < steps:
            return False
        return execution.timers.advance()

    # -- probes ----------------------------------------------------------------------------------------------

    def begin(self, task: Task) -> None:
        """Probe the threads that can run, one after the other; the running one first."""
        execution = self.execution
        self._spinning = []
        self._counting = False
        self._suspects = []
        # It is the scheduler now that decides who runs.
        execution.strategy.yielded(task.index)
        self._probe(task)

    def _probe(self, task: Task) -> None:
        execution = self.execution
        alone = len(execution.enabled) == 1
        self.probe = Probe(task, alone=alone, for_long=execution.long is not None, until=execution.base_of(task))
        task.special = True

    def step(self, task: Task, operation: Operation, touches: Touches | None, frame: FrameType) -> None:
        """A step of the thread that is probed."""
        probe = self.probe
        assert probe is not None
        found = probe.step(operation, touches, frame)
        if found is None:
            return
        execution = self.execution
        self.stop()
        if found is Finding.WORKS or (found is Finding.COUNTS and execution.long is None):
            self._next_probe = len(execution.log) + self._between
            self._between = min(2 * self._between, _MOST_STEPS_BETWEEN)
            if execution.long is not None:
                execution.long.works()
            return
        self._spinning.append(task)
        if found is Finding.COUNTS:
            self._counting = True
            if probe.repeats:
                self._suspects.append((task, frame))
        others = [other for other in execution.enabled if other not in self._spinning]
        if others:
            self._probe(others[0])
            execution.switch_to(task, others[0])
        elif self._counting:
            assert execution.long is not None
            execution.long.repeats(task, self._suspects)
        else:
            self._all_spin(task)

    def stop(self) -> None:
        """End the probe that is going on, with nothing known."""
        probe, self.probe = self.probe, None
        self._quiet = 0
        if probe is not None:
            probe.end()
            probe.task.settle()

    def _all_spin(self, task: Task) -> None:
        """None of the threads that could run gets anywhere: time passes, or it is a livelock."""
        execution = self.execution
        if execution.timers.advance():
            self._next_probe = len(execution.log) + LOOK
            return
        if execution.outside.could_act() and not self._patience_over():
            new_gate().acquire(timeout=_PAUSE)
            return
        execution.end_as_livelock(task)

    def _patience_over(self) -> bool:
        now = _real_monotonic_ns()
        if self._waiting_since is None:
            self._waiting_since = now
        return now - self._waiting_since > _PATIENCE * 1e9


def _changes(operation: Operation, touches: Touches | None) -> bool:
    """Whether a step may have changed something that another thread can see."""
    if operation.mutates:
        return operation.kind != "sleep"
    return bool(touches) and operation.name == "[]" and any(how & WRITES for _, _, how in touches or ())
