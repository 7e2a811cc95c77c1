"""Whether threads get anywhere, and what time passes meanwhile.

A thread that works, for however long, lets no time pass: no timeout of another one expires. A sleep may end
while it works, because nothing is known of real speeds, but only if no timeout expires on the way. If all threads that
could run are found to spin, time passes to the next moment at which a sleep or a timeout ends; if there is none, they
will spin for ever, which is a livelock.
"""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING

from ...interpreter._real_clocks import real_monotonic_ns
from ...scope._real import new_gate
from ..units._ending import end_as_livelock
from ..units._part import Part
from ..units._units import Unit
from ._probe import Finding, Probe, changes, writes_what_is_there

if TYPE_CHECKING:
    from ...steps._operations import Operation
    from ...steps._touches import Touches

#: Steps between two looks.
LOOK = 64
#: Looks in a row at which nothing has changed, before threads are watched.
QUIET_LOOKS = 2
#: Looks at which threads are watched before that is given up.
_WATCHING_LOOKS = 60
#: Steps until they are watched again, if that was no use: twice as many each time, at most these.
_FEWEST_STEPS_BETWEEN, _MOST_STEPS_BETWEEN = 4 * LOOK, 1 << 15
#: A sleep of a second ends after this many steps of others that can run all the time; any sleep, at least and at most
#: after as many as these.
_STEPS_OF_A_SECOND = 10_000
_FEWEST_STEPS, _MOST_STEPS = 300, 5_000
#: Real seconds that spinning threads are given for something that the scheduler does not control to happen.
PATIENCE = 2.0
#: Real seconds between two looks meanwhile.
_PAUSE = 0.02


class Progress(Part):
    """Looks at one execution every now and then. All is done in the thread that runs."""

    #: By thread, while threads are watched: what is known of it.
    _probes: dict[Unit, Probe] | None = None
    _looks_left = 0
    _looked = 0
    _quiet = 0
    #: Where in the log threads may be watched again, and how many steps after the next time.
    _next = 0
    _between = _FEWEST_STEPS_BETWEEN
    #: Where in the log time last passed.
    passed = 0
    #: Real time since when spinning threads wait for something from outside.
    _waiting_since: int | None = None
    #: How often threads had looked at the clock when they began to be watched.
    _readings = 0

    @property
    def watching(self) -> bool:
        """Whether threads are watched now."""
        return self._probes is not None

    def look(self) -> None:
        """Every `LOOK` steps, see whether anything has changed since the last look, and whether a sleep is to end."""
        execution = self.execution
        log = execution.log
        if self._probes is not None:
            self._looks_left -= 1
            if self._looks_left <= 0:
                self._give_up()
        changed = any(changes(operation, touches) for _, operation, touches in log[self._looked :])
        self._looked = len(log)
        self._quiet = 0 if changed else self._quiet + 1
        if changed:
            self._waiting_since = None
        if self._end_a_sleep():
            self._quiet = 0
        elif self._probes is None and self._quiet >= QUIET_LOOKS and len(log) >= self._next:
            self.watch()

    def _end_a_sleep(self) -> bool:
        """End the next sleep, if others have run for long since it began, and no timeout expires before."""
        execution = self.execution
        sleeper = execution.timers.next_sleeper()
        if sleeper is None:
            return False
        steps = min(max(sleeper.patience / 1e9 * _STEPS_OF_A_SECOND, _FEWEST_STEPS), _MOST_STEPS)
        if len(execution.log) - max(self.passed, sleeper.waits_from) < steps:
            return False
        return execution.timers.advance()

    # -- watching --------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """From now on look at what each thread does that runs."""
        self._probes = {}
        self._looks_left = _WATCHING_LOOKS
        self._readings = self.execution.clock.readings
        for unit in self.execution.units:
            unit.special = True

    def stop(self) -> None:
        """Watch no more."""
        probes, self._probes = self._probes, None
        if probes is None:
            return
        self._quiet = 0
        for probe in probes.values():
            probe.end()
        for unit in self.execution.units:
            unit.settle()

    def _give_up(self) -> None:
        execution = self.execution
        self.stop()
        self._next = len(execution.log) + self._between
        self._between = min(2 * self._between, _MOST_STEPS_BETWEEN)
        if execution.long is not None:
            execution.long.works()

    def step(self, unit: Unit, operation: Operation, touches: Touches | None, frame: FrameType) -> None:
        """A thread is about to do a step, while threads are watched."""
        probes = self._probes
        assert probes is not None
        probe = probes.get(unit)
        if probe is None:
            probe = probes[unit] = Probe(unit, until=self.execution.base_of(unit))
        changed = changes(operation, touches) and not writes_what_is_there(operation, touches, frame)
        if changed:
            if self.execution.long is None:
                self._give_up()
                return
            # What others see is no longer what they saw in an earlier round.
            for other in probes.values():
                other.disturb()
        before = probe.found
        probe.step(operation, touches, frame, changed=changed)
        if probe.found is before:
            return
        if probe.found is Finding.WORKS or (probe.found is Finding.COUNTS and self.execution.long is None):
            self._give_up()
        else:
            self._conclude(unit, probes)

    def repeating(self) -> list[Probe] | None:
        """Those of the watched threads that may never get what they try for, if none of all gets anywhere; else None.

        To be asked past the bound on steps, after the threads have had many turns.
        """
        known = self._known(self._probes or {})
        return None if known is None else [probe for probe in known if probe.tries or probe.rewrites]

    def _known(self, probes: dict[Unit, Probe]) -> list[Probe] | None:
        """The probes of all threads that could run, if each is known not to get anywhere; else None."""
        execution = self.execution
        concerned = [other for other in execution.units if not other.done and _could_run(other)]
        known = [probes[other] for other in concerned if other in probes and probes[other].found is not None]
        return None if len(known) < len(concerned) or execution.outside.busy else known

    def _conclude(self, unit: Unit, probes: dict[Unit, Probe]) -> None:
        """One more thread is known not to get anywhere: see whether all are."""
        known = self._known(probes)
        if known is None:
            return
        tries = any(probe.tries for probe in known) and len(known) > 1
        counts = any(probe.found is Finding.COUNTS for probe in known)
        if self.execution.long is not None and (tries or counts):
            # What they do in many turns tells more.
            return
        if tries:
            # Whether they get what they try for depends on where the others are.
            self._give_up()
        else:
            self.stop()
            self._all_spin(unit)

    def _all_spin(self, unit: Unit) -> None:
        """None of the threads that could run gets anywhere: time passes, or it is a livelock."""
        execution = self.execution
        if self.let_them_wait() or execution.timers.advance():
            self._next = len(execution.log) + LOOK
        elif execution.outside.could_act() and not self._patience_over():
            new_gate().acquire(timeout=_PAUSE)
        else:
            end_as_livelock(execution, unit)

    def let_them_wait(self) -> bool:
        """Let time pass if one of the threads that were watched looks at the clock: it may wait for that."""
        execution = self.execution
        return execution.clock.readings > self._readings and execution.timers.let_spinners_wait()

    def _patience_over(self) -> bool:
        now = real_monotonic_ns()
        if self._waiting_since is None:
            self._waiting_since = now
        return now - self._waiting_since > PATIENCE * 1e9


def _could_run(unit: Unit) -> bool:
    """Whether a thread can run, or could as soon as another one gives a lock back."""
    return unit.enabled or isinstance(getattr(unit.resource, "owner", None), Unit)
