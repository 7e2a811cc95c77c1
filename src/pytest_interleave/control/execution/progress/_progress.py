"""The check whether threads make progress, and the time that passes meanwhile.

A thread that works, for however long, lets no time pass: no timeout of another thread expires. A sleep may end while it
works, because nothing is known of real speeds, but only if no timeout expires before. If all threads that could run are
found to spin, time passes to the next moment at which a sleep or a timeout ends. If there is none, they will spin
forever, which is a livelock.
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

#: Number of steps between two checks.
LOOK = 64
#: Number of checks in a row that found no change, after which threads are watched.
QUIET_LOOKS = 2
#: At most this many checks while threads are watched; then watching is given up.
_WATCHING_LOOKS = 60
#: Steps until threads are watched again, if watching gave no result: twice as many each time, within these limits.
_FEWEST_STEPS_BETWEEN, _MOST_STEPS_BETWEEN = 4 * LOOK, 1 << 15
#: A sleep ends after this many steps for each of its seconds, if others can run all the time; within the limits below.
_STEPS_OF_A_SECOND = 10_000
_FEWEST_STEPS, _MOST_STEPS = 300, 5_000
#: Real seconds that spinning threads wait for something that the scheduler does not control; then it is a livelock.
PATIENCE = 2.0
#: Real seconds between two checks meanwhile.
_PAUSE = 0.02


class Progress(Part):
    """Regular checks of the progress of one execution; all methods are called in the thread that runs."""

    #: What is known of each thread while threads are watched; None while they are not.
    _probes: dict[Unit, Probe] | None = None
    _looks_left = 0
    _looked = 0
    _quiet = 0
    #: Length of the log from which on threads may be watched again, and the number of steps to add the next time.
    _next = 0
    _between = _FEWEST_STEPS_BETWEEN
    #: Length of the log when time last passed.
    passed = 0
    #: Real time, in nanoseconds, since when spinning threads wait for something from outside.
    _waiting_since: int | None = None
    #: Number of readings of the clock when threads began to be watched.
    _readings = 0

    @property
    def watching(self) -> bool:
        """Whether threads are watched now."""
        return self._probes is not None

    def look(self) -> None:
        """Check, every `LOOK` steps, whether anything has changed since the last check, and end a sleep if due."""
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
        """End the next sleep if others have run for long since it began, and no timeout expires before.

        The answer is whether a sleep was ended.
        """
        execution = self.execution
        sleeper = execution.timers.next_sleeper()
        if sleeper is None:
            return False
        steps = min(max(sleeper.patience / 1e9 * _STEPS_OF_A_SECOND, _FEWEST_STEPS), _MOST_STEPS)
        since = len(execution.log) - max(self.passed, sleeper.waits_from)
        if since < steps or execution.outside.patience.sleep_lasts(sleeper.patience / 1e9, since):
            return False
        return execution.timers.advance()

    # -- watching --------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Watch, from now on, what each thread does that runs."""
        self._probes = {}
        self._looks_left = _WATCHING_LOOKS
        self._readings = self.execution.clock.readings
        for unit in self.execution.units:
            unit.special = True

    def stop(self) -> None:
        """Stop watching."""
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
        """Check a step that a thread is about to do, while threads are watched."""
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
        """Return probes of threads that may never get what they try for; None if any thread may make progress.

        For use past the bound on steps, after the threads have had many turns.
        """
        known = self._known(self._probes or {})
        return None if known is None else [probe for probe in known if probe.tries or probe.rewrites]

    def _known(self, probes: dict[Unit, Probe]) -> list[Probe] | None:
        """Return the probes of all threads that could run, if each is known to make no progress; else None."""
        execution = self.execution
        concerned = [other for other in execution.units if not other.done and _could_run(other)]
        known = [probes[other] for other in concerned if other in probes and probes[other].found is not None]
        return None if len(known) < len(concerned) or execution.outside.busy else known

    def _conclude(self, unit: Unit, probes: dict[Unit, Probe]) -> None:
        """Check whether no thread makes progress, as one more is known to make none."""
        known = self._known(probes)
        if known is None:
            return
        tries = any(probe.tries for probe in known) and len(known) > 1
        counts = any(probe.found is Finding.COUNTS for probe in known)
        if self.execution.long is not None and (tries or counts):
            # What they do in many turns says more.
            return
        if tries:
            # Whether they get what they try for depends on where the others are.
            self._give_up()
        else:
            self.stop()
            self._all_spin(unit)

    def _all_spin(self, unit: Unit) -> None:
        """Let time pass, or end in a livelock, as no thread that could run makes progress."""
        execution = self.execution
        if self.let_them_wait() or execution.timers.advance():
            self._next = len(execution.log) + LOOK
        elif execution.outside.could_act() and self._waits_on():
            new_gate().acquire(timeout=_PAUSE)
        else:
            end_as_livelock(execution, unit)

    def let_them_wait(self) -> bool:
        """Let time pass if a watched thread reads the clock, as it may wait for that; return whether it did."""
        execution = self.execution
        return execution.clock.readings > self._readings and execution.timers.let_spinners_wait()

    def _waits_on(self) -> bool:
        now = real_monotonic_ns()
        if self._waiting_since is None:
            self._waiting_since = now
        return self.execution.outside.waits_on((now - self._waiting_since) / 1e9, PATIENCE)


def _could_run(unit: Unit) -> bool:
    """Whether a thread can run, or could as soon as another one releases a lock."""
    return unit.enabled or isinstance(getattr(unit.resource, "owner", None), Unit)
