"""Shrinking: from a failing schedule to one of the same finding with the fewest switches.

The schedule is run repeatedly: without any switch; with a single likely one; then each time with some switches fewer.
When none can be left out, the rest is minimal in the sense of delta debugging. There may still be a smaller schedule of
another kind: that is what the search is for that allows fewer preemptions from the outset.

Sources: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28, 2002 (ddmin);
M. Musuvathi, S. Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007
(fewest preemptions first).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ...control import CLOCK, LoggedStep, Path, Strategy
from ..search._budget import Limits
from ..search._reduction import PartialOrderReduction
from ._directed import likely_switches
from ._switches import ChoicePoint, Follow, Switch, switches_of

#: The search with each number of preemptions ends after this many executions, or after this many steps.
SEARCHED, SEARCHED_STEPS = 100, 15_000
#: With more threads than this there is no search: there are too many orders of them.
SEARCHED_THREADS = 8
#: The search takes at most this share of the time, and then ends.
SEARCHED_TIME = 0.25
#: At most this many of the likely switches are tried in pairs; the rest are tried only alone.
_LIKELIEST = 8
#: Pairs of switches are left out only if there are at most this many. For each switch, at most this many other threads
#: are tried; the rest are skipped.
_FEW = 12
#: At most this many later places are tried for each switch; the rest are skipped.
_LATER = 12


class Attempt(NamedTuple):
    """An execution that had the finding."""

    points: Sequence[ChoicePoint]
    #: The number of context switches, for any reason; and the steps.
    changes: int
    log: Sequence[LoggedStep] = ()
    #: For the code that runs the executions.
    outcome: Any = None

    @property
    def switches(self) -> tuple[Switch, ...]:
        """The switches of its schedule."""
        return switches_of(self.points)

    @property
    def preemptions(self) -> int:
        """The number of preemptions: how often a thread had to stop that could have continued."""
        return sum(point.is_preemption for point in self.points)

    @property
    def cost(self) -> tuple[int, int, int, int]:
        """The figures to be minimized, the most important first."""
        return (self.preemptions, len(self.switches), self.changes, len(self.log))


#: Runs the test once under a strategy; returns None if it does not have the same finding.
Run = Callable[[Strategy], Attempt | None]


def shrink(first: Attempt, run: Run, time_used: Callable[[], float], until: float = math.inf) -> Attempt:
    """Return the smallest attempt that was found, perhaps `first` itself; never one that costs more.

    `time_used` returns the share of the available time that has been used. `run` is not called any more once that is 1,
    which is at the moment `until` in real time.
    """
    shrinking = _Shrinking(first, run, time_used, until)
    shrinking.leave_out_all()
    shrinking.take_few(1)
    shrinking.leave_out()
    shrinking.let_no_time_pass()
    shrinking.pass_by()
    shrinking.take_few(2)
    shrinking.change_single_ones()
    shrinking.search()
    shrinking.leave_out()
    shrinking.let_no_time_pass()
    return shrinking.best


class _Shrinking:
    def __init__(self, first: Attempt, run: Run, time_used: Callable[[], float], until: float) -> None:
        self.best = first
        self._run = run
        self._time_used = time_used
        self._limits = Limits(until=until)
        self._threads = len({thread.path for thread, _, _ in first.log})
        self._tried: set[frozenset[Switch]] = {frozenset(first.switches)}

    def leave_out_all(self) -> None:
        """Try the schedule without switches."""
        self._try(())

    def take_few(self, number: int) -> None:
        """Try `number` switches that let other threads interfere; then these with all that are no preemptions."""
        if self.best.preemptions > number:
            likely = likely_switches(self.best.points, self.best.log, lambda: self._time_used() >= 1)
            free = tuple(point.switch for point in self.best.points if point.is_switch and not point.preempts)
            for others in ((), free) if free else ((),):
                among = itertools.combinations(likely if number == 1 else likely[:_LIKELIEST], number)
                if self._try_each((*others, *few) for few in among):
                    return

    def leave_out(self) -> None:
        """Leave out as many switches as possible at once, down to each single one."""
        parts = 2
        while parts <= len(self.best.switches) and self._time_used() < 1:
            if self._try_each(_with_less(self.best.switches, parts)):
                parts = max(2, parts - 1)
            elif parts == len(self.best.switches):
                break
            else:
                parts = min(len(self.best.switches), 2 * parts)

    def change_single_ones(self) -> None:
        """Change switches as long as that helps: two fewer, one in the place of two, another thread, a later place."""
        while self.best.preemptions > 1 and self._try_each(self._changed()):
            self.leave_out()

    def let_no_time_pass(self) -> None:
        """Leave out steps of the clock: the switch to it, with or without the one away from it."""
        while self._try_each(_with_less_time(self.best.switches)):
            pass

    def _changed(self) -> Iterator[tuple[Switch, ...]]:
        switches = self.best.switches
        if len(switches) <= _FEW:
            for pair in itertools.combinations(switches, 2):
                yield tuple(switch for switch in switches if switch not in pair)
        for at, (one, following) in enumerate(itertools.pairwise(switches)):
            yield (*switches[:at], one._replace(to=following.to), *switches[at + 2 :])
        points = {point.switch: point for point in self.best.points}
        for at, switch in enumerate(switches):
            for stand in _later_stands(self.best.points, switch):
                yield (*switches[:at], Switch(*stand, switch.to), *switches[at + 1 :])
            for to in points[switch].enabled[:_FEW] if switch in points else ():
                if to not in (switch.to, switch.leaves):
                    yield (*switches[:at], switch._replace(to=to), *switches[at + 1 :])

    def pass_by(self) -> None:
        """Pass by single threads in a chain in which each gives way to the next, so that none can be left out."""
        while self._try_each(_passing_by(self.best.points)):
            pass

    def search(self) -> None:
        """Search for the finding with fewer preemptions than the best attempt has, if there are not too many ways."""
        if any(thread.index >= CLOCK for thread, _, _ in self.best.log):
            # It is not known what a step of the clock conflicts with.
            return
        limit = min(1.0, self._time_used() + SEARCHED_TIME)
        bound = 0
        while bound < self.best.preemptions and self._threads <= SEARCHED_THREADS:
            search: PartialOrderReduction = PartialOrderReduction(bound, limits=self._limits)
            for _ in range(min(SEARCHED, SEARCHED_STEPS // (len(self.best.log) + 1))):
                if self._time_used() >= limit or self._adopt(self._run(search)) or search.finished or search.incomplete:
                    break
            bound += 1

    def _try_each(self, candidates: Iterable[Sequence[Switch]]) -> bool:
        """Whether one of the candidates is better.

        No candidate is made after the time is over: there may be very many, with very many switches each.
        """
        return any(self._try(switches) for switches in itertools.takewhile(lambda _: self._time_used() < 1, candidates))

    def _try(self, switches: Sequence[Switch]) -> bool:
        """Whether these switches are enough, and better than the best so far."""
        key = frozenset(switches)
        if key in self._tried or self._time_used() >= 1:
            return False
        self._tried.add(key)
        return self._adopt(self._run(Follow(switches)))

    def _adopt(self, attempt: Attempt | None) -> bool:
        if attempt is None or attempt.cost >= self.best.cost:
            return False
        self.best = attempt
        self._tried.add(frozenset(attempt.switches))
        return True


def _with_less_time(switches: Sequence[Switch]) -> Iterator[tuple[Switch, ...]]:
    for at, switch in enumerate(switches):
        if switch.to < (CLOCK,):
            continue
        before, after = switches[:at], switches[at + 1 :]
        if after and after[0].leaves == switch.to:
            following, later = after[0], after[1:]
            yield (*before, *later)
            yield (*before, switch._replace(to=following.to), *later)
        yield (*before, *after)


def _with_less(switches: Sequence[Switch], parts: int) -> Iterator[tuple[Switch, ...]]:
    """Yield each one of `parts` parts of the switches; then all but one."""
    bounds = [len(switches) * number // parts for number in range(parts + 1)]
    pieces = [(bounds[number], bounds[number + 1]) for number in range(parts)]
    if parts > 2:
        for start, end in pieces:
            yield tuple(switches[start:end])
    for start, end in pieces:
        yield (*switches[:start], *switches[end:])


def _passing_by(points: Sequence[ChoicePoint]) -> Iterator[tuple[Switch, ...]]:
    """Yield schedules that pass by one thread, the last one first.

    The switch to the thread and the one away from it become one switch, to the thread that continued then.
    """
    #: By thread, the number of the point that last switched to it; and, for each preemption, that of the thread that
    #: was left there.
    last: dict[Path, int] = {}
    switched_to: list[tuple[int, int | None]] = []
    for number, point in enumerate(points):
        if point.is_preemption:
            switched_to.append((number, last.get(point.stand[0])))
        if not (point.preempts and point.stand[0] == point.chosen):
            last[point.chosen] = number
    for number, came in reversed(switched_to):
        left = points[number]
        if came is not None and left.chosen in points[came].enabled:
            changed = [*points[:came], points[came]._replace(chosen=left.chosen), *points[came + 1 : number]]
            yield switches_of((*changed, *points[number + 1 :]))


def _later_stands(points: Sequence[ChoicePoint], switch: Switch) -> Iterator[tuple[Path, int, int]]:
    """Yield later stands of the thread of a switch at which it could have been left instead; the last first."""
    stands = [point.stand for point in points]
    at = next((number for number, point in enumerate(points) if point.switch == switch), None)
    if at is None or not points[at].preempts:
        return
    later = [
        stand
        for stand, point in zip(stands[at + 1 :], points[at + 1 :], strict=True)
        if stand[0] == switch.leaves and point.preempts
    ]
    yield from reversed(later[:_LATER])
