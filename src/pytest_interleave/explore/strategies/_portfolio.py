"""A portfolio of strategies that sample schedules."""

from __future__ import annotations

from typing import Any

from ...control import Trace
from ._hold_up import HoldUp
from ._one_preemption import OnePreemption
from ._pct import PCT
from ._pos import PartialOrderSampling
from ._profile import Learning
from ._surw import SelectivelyUniform
from ._swarm import Swarm

#: The order in which they take turns.
_TURNS = ("surw", "pos", "surw", "preempt", "surw", "pct", "surw", "swarm")
#: The same if time passes as a choice.
_TURNS_WITH_TIME = ("holdup", "surw", "holdup", "pos", "holdup", "preempt", "holdup", "pct", "holdup", "swarm")


class Portfolio:
    """A set of strategies with different strengths that take turns.

    SURW has every second turn: it alone finds bugs that need many threads to be held up at once. POS finds those that
    need an unusual order of a few accesses, schedules with one preemption those that need one, PCT those that need some
    at the right steps, swarm those that need one thread to race ahead of another. What one execution shows of the
    program's length and of what its threads contest is passed to all. With `time_choices`, schedules that hold a thread
    up have every second turn.
    """

    def __init__(self, seed: int, *, time_choices: bool = False) -> None:
        self._pct = PCT(seed)
        self._learners: tuple[Any, ...] = (SelectivelyUniform(seed, balanced=True), OnePreemption(seed))
        if time_choices:
            self._learners += (HoldUp(seed),)
        members: tuple[Any, ...] = (*self._learners, self._pct, PartialOrderSampling(seed), Swarm(seed))
        self._members = {member.name: member for member in members}
        self._turns = _TURNS_WITH_TIME if time_choices else _TURNS
        self._turn = 0
        self._learning = Learning()

    def next(self) -> Any:
        """Return the strategy whose turn it is."""
        member = self._members[self._turns[self._turn % len(self._turns)]]
        self._turn += 1
        return member

    def learn(self, trace: Trace) -> None:
        """Let all learn from an execution; contested objects are determined in the first ones, and then seldom."""
        self._pct.end(trace)
        self._learning.end(trace, *self._learners)
