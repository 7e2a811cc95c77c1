"""Exhaustive search: every class of schedules, or, if there are too many, those with few preemptions."""

from __future__ import annotations

from math import inf
from typing import Any

from ...control import Trace
from ..strategies._delegating import Delegating
from ..strategies._portfolio import Portfolio
from ._budget import Limits
from ._reduction import PartialOrderReduction

#: The reason why schedules are sampled in the end: what the search cannot see may differ between equivalent schedules.
DOUBTED = "not everything that the threads do was controlled"

#: After this many executions, and then each time that there are twice as many, it is checked whether the rest fits the
#: budget.
FIRST_LOOK = 16


class Exhaustive(Delegating):
    """A strategy that runs one schedule of each class of equivalent ones.

    With too many classes for `schedules`, it runs all schedules without a preemption, then those with at most one, with
    at most two, and so on.

    A program that cannot be searched in this way (its threads spin, or it takes other steps each time) is sampled
    instead. One in which not everything was under control is searched only if that takes at most half of `schedules`,
    and is then sampled, too.

    Source for the bounds: M. Musuvathi, S. Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded
    Programs", PLDI 2007. For the rest see `PartialOrderReduction`.
    """

    name = "exhaustive"
    #: See `STRATEGIES`.
    searches = True

    def __init__(self, seed: int = 0, schedules: int | None = None, until: float = inf) -> None:
        super().__init__()
        self._schedules = schedules
        self._portfolio = Portfolio(seed)
        self._search = PartialOrderReduction(limits=Limits(schedules, until))
        self._next_look = FIRST_LOOK
        self._number = 0
        self._doubted = False
        #: Whether every class of schedules has been run.
        self.exhausted = False
        #: The number of preemptions up to which all schedules have been run; None if there is no such number.
        self.preemptions: int | None = None
        #: The reason why neither can be claimed; None if there is none.
        self.incomplete: str | None = None

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to run."""
        return self.exhausted

    def doubt(self) -> None:
        """Note that not everything was under control, so that the search cannot claim that nothing is left."""
        self._doubted = True
        if self.exhausted or self._search.bound is not None:
            self.exhausted = False
            self.incomplete = self.incomplete or DOUBTED

    def pick(self, number: int) -> Any:
        """Return the search while it makes sense, then the next strategy of the portfolio."""
        self._number = number
        return self._portfolio.next() if self.incomplete else self._search

    def end(self, trace: Trace) -> None:
        """Check whether a search is complete, or is of no more use."""
        super().end(trace)
        self._portfolio.learn(trace)
        search = self._search
        if self.incomplete:
            return
        if search.incomplete:
            again = search.again()
            if again is None:
                self.incomplete = search.incomplete
            else:
                self._search = again
        elif search.finished and self._doubted:
            self.incomplete = DOUBTED
        elif search.finished:
            self.preemptions = search.bound
            if not search.cut:
                self.exhausted = True
                return
            self._search = search.next_bound()
        elif search.bound is None and (search.cut_short or self._number >= self._next_look):
            self._next_look = 2 * self._number
            self._see_whether_it_fits(search)

    def _see_whether_it_fits(self, search: PartialOrderReduction) -> None:
        if self._schedules is None:
            return
        if not self._doubted:
            if search.cut_short or search.estimate > self._schedules:
                self._search = search.next_bound()
        elif search.cut_short or search.estimate > self._schedules / 2:
            self.incomplete = DOUBTED
