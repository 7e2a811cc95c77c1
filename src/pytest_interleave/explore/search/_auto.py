"""The default strategy, which needs no decision from the user."""

from __future__ import annotations

from math import inf
from typing import Any

from ...control import Trace
from ..strategies._delegating import Delegating
from ..strategies._portfolio import Portfolio
from ._budget import Limits
from ._classes import class_of
from ._reduction import PartialOrderReduction

#: The first this many executions always belong to the search.
FIRST = 2
#: A search that is expected to need no more executions than this runs them one after the other.
SMALL = 100
#: A larger search has one turn in this many, as long as that leaves enough turns for it.
SHARE = 3
#: After the search, at least this many of the portfolio's schedules must be of known classes before "all" is claimed.
CHECKS = 20


class Auto(Delegating):
    """A strategy that searches exhaustively if that fits the budget, and otherwise samples with a portfolio.

    The schedule without preemptions is the first one. The search's expected size decides, again and again. If it is
    small, the search is completed. If it is larger, the portfolio, which usually finds bugs sooner, has most of the
    turns, as long as that leaves enough of the `schedules` for the search.

    That nothing is left is true only if every access was seen: what a cache in C code keeps, for example, is not. So at
    the end of the search some of the portfolio's schedules are run, too. If one is of a class that the search does not
    know, or not everything was under control, the portfolio continues.
    """

    name = "auto"
    #: See `STRATEGIES`.
    searches = True

    def __init__(self, seed: int, schedules: int | None = None, until: float = inf) -> None:
        super().__init__()
        self._schedules = schedules
        self._portfolio = Portfolio(seed)
        self._search: PartialOrderReduction | None = PartialOrderReduction(limits=Limits(schedules, until))
        self._searched = 0
        self._searches_now = False
        #: The classes that the search has run.
        self._classes: set[int] = set()
        self._checked = 0
        self._doubted = False
        #: Whether every class of schedules has been run.
        self.exhausted = False

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to run."""
        return self.exhausted

    def doubt(self) -> None:
        """Note that not everything was under control, so that the search cannot claim that nothing is left."""
        self._doubted = True
        self.exhausted = False

    def pick(self, number: int) -> Any:
        """Return the search, or the next strategy of the portfolio."""
        search = self._search
        self._searches_now = search is not None and not search.finished and self._is_search_next(search, number)
        if self._searches_now:
            self._searched += 1
            return search
        return self._portfolio.next()

    def _is_search_next(self, search: PartialOrderReduction, number: int) -> bool:
        if number <= FIRST:
            return True
        if search.cut_short:
            self._search = None
            return False
        expected = search.estimate * _caution(search.estimate, self._searched)
        left = expected - self._searched
        turns = float("inf") if self._schedules is None else self._schedules - CHECKS - number + 1
        if left > turns:
            self._search = None
            return False
        return expected <= SMALL or SHARE * left > turns or number % SHARE == 0

    def end(self, trace: Trace) -> None:
        """Let the search and the portfolio learn from the execution."""
        super().end(trace)
        self._portfolio.learn(trace)
        search = self._search
        if search is None:
            return
        if self._searches_now:
            self._classes.add(class_of(trace))
            if search.incomplete:
                self._search = search.again()
                self._classes.clear()
        elif search.finished:
            self._checked += 1
            if class_of(trace) not in self._classes:
                self._search = None
        sure = self._search is search and search.finished and self._checked >= CHECKS
        self.exhausted = sure and not self._doubted


def _caution(estimate: float, searched: int) -> float:
    """Return a factor for a search's estimated size: at the beginning, not all choices have been seen."""
    if searched < 16:
        return 4.0 if estimate > 32 else 2.0
    return 2.0 if searched < 64 else 1.3
