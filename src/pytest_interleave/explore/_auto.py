"""The default: a portfolio that needs no decision from the user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..control import ThreadView, Trace
from ._nonpreemptive import NonPreemptive
from ._one_preemption import OnePreemption
from ._pct import PCT
from ._pos import PartialOrderSampling
from ._profile import profile_of
from ._surw import SelectivelyUniform
from ._swarm import Swarm

#: In which order the strategies take turns, after the schedule without preemptions.
_TURNS = ("surw", "pos", "surw", "preempt", "surw", "pct", "surw", "swarm")


class Auto:
    """The schedule without preemptions first, then strategies with different strengths in turn.

    SURW has every second turn: it alone finds what needs many threads to be held up at once. POS finds what needs
    an unusual order of a few accesses, schedules with one preemption what needs one, PCT what needs some at the right
    steps, swarm what needs one thread to race ahead of another. What one execution shows of the program's length and
    of what its threads contest is told to all.
    """

    name = "auto"

    def __init__(self, seed: int) -> None:
        self._first = NonPreemptive()
        self._pct = PCT(seed)
        self._learners: tuple[Any, ...] = (SelectivelyUniform(seed, balanced=True), OnePreemption(seed))
        members: tuple[Any, ...] = (*self._learners, self._pct, PartialOrderSampling(seed), Swarm(seed))
        self._members = {member.name: member for member in members}
        self._current: Any = self._first
        self._number = 0

    @property
    def current(self) -> Any:
        """The strategy of this execution."""
        return self._current

    def begin(self, number: int) -> None:
        """Choose the strategy for this execution."""
        self._number = number
        if number == 1:
            self._current = self._first
        else:
            self._current = self._members[_TURNS[(number - 2) % len(_TURNS)]]
        self._current.begin(number)
        # The scheduler asks the strategy at every step: let it ask the right one directly.
        self.choose = self._current.choose  # type: ignore[method-assign]
        self.yielded = self._current.yielded  # type: ignore[method-assign]

    def spawned(self, thread: ThreadView) -> None:
        """Pass on."""
        self._current.spawned(thread)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Pass on."""
        chosen: int = self._current.choose(enabled, running)
        return chosen

    def yielded(self, index: int) -> None:
        """Pass on."""
        self._current.yielded(index)

    def end(self, trace: Trace) -> None:
        """Everyone learns from it; what threads contest is looked for at the first executions, then seldom."""
        self._pct.end(trace)
        number = self._number
        if number & (number - 1) == 0:
            profile = profile_of(trace)
            for learner in self._learners:
                learner.learn(profile)
