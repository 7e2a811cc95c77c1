"""Schedules with one preemption, before an access to something contested."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import ThreadView, Trace
from ._drawing import Drawing
from ._profile import Learning, Profile, Site


class OnePreemption(Drawing):
    """A strategy with one preemption; apart from it, threads run until they block or end, in random order.

    The preemption is before a random one of the accesses to what several threads access. Most races that people write
    by hand need no more.

    Source: M. Musuvathi, S. Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs",
    PLDI 2007, of which this is the bound 1, sampled.
    """

    name = "preempt"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._sites: frozenset[Site] = frozenset()
        self._expected = 0
        #: The number of accesses to something contested before the preemption; negative after it.
        self._left = 0
        self._order: dict[int, float] = {}
        self._learning = Learning()

    def begin(self, number: int) -> None:
        """Draw the access."""
        super().begin(number)
        self._left = int(self._random() * self._expected)
        self._order.clear()

    def spawned(self, thread: ThreadView) -> None:
        """Draw the place of a thread in the order."""
        self._order[thread.index] = self._random()

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the running thread, except at the preemption."""
        if running is not None:
            operation = running.operation
            if self._left < 0 or (self._sites and (id(operation.code), operation.lasti) not in self._sites):
                return enabled.index(running)
            self._left -= 1
            if self._left >= 0:
                return enabled.index(running)
        others = [position for position, thread in enumerate(enabled) if thread is not running]
        order = self._order
        return min(others, key=lambda position: order[enabled[position].index])

    def yielded(self, index: int) -> None:
        """Do nothing: the scheduler itself lets the next thread run."""

    def learn(self, profile: Profile) -> None:
        """Take the contested accesses of `profile`."""
        self._sites = frozenset(site for one in profile.contested for site in one.sites)
        total = sum(profile.at[site] for site in self._sites)
        self._expected = total or sum(profile.steps.values())

    def end(self, trace: Trace) -> None:
        """Learn the contested accesses of the execution."""
        self._learning.end(trace, self)
