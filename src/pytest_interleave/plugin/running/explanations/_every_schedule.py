"""Finds out whether a test that fails without preemption fails in every schedule: then it is probably no race.

That is a sample: threads that run one after another, in random orders, and threads that are preempted at random.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ...._leaves import leaves
from ....control import Outcome, Strategy
from ....control.execution import DEADLOCK, LIVELOCK
from ....detect import Finding
from ....explore import PCT, NonPreemptive, RandomWalk
from ...items._debugging import no_breakpoints
from ..executions._time_limit import TimeLimit
from ._detailed_runs import DetailedRuns
from ._explaining import STOPPED, Explaining

#: The number of other schedules that are tried, half of them without preemption.
_TRIED = 10


class Tried(NamedTuple):
    """What other schedules of a test that fails have given."""

    #: How many were tried if the test fails in all of them; 0 if it passes in one; None if that is not known.
    failing: int | None
    #: Whether the exception has the same first line in all: otherwise the result depends on the schedule.
    alike: bool = False


def fails_in_every_schedule(
    finding: Finding,
    seed: int,
    runs: DetailedRuns,
    explaining: Explaining,
    judge: Callable[[Outcome], Finding | None],
    limit: TimeLimit,
    took: float,
) -> Tried:
    """Return whether the test fails in the same way in all schedules that are tried.

    That is not known if it fails in another way, or if there was no time for all. An execution took `took` seconds.
    """
    strategies: tuple[Strategy, ...] = (PCT(seed, depth=1), RandomWalk(seed))
    if not limit.has(_TRIED * took):
        return Tried(None)
    alike = True
    for number in range(_TRIED):
        try:
            with no_breakpoints():
                outcome = runs.run(strategies[number % 2])[1]
        except STOPPED as stopped:
            explaining.stop_session(stopped)
            return Tried(None)
        found = judge(outcome)
        if found is None:
            return Tried(0)
        if found.kind != finding.kind or _way(found) != _way(finding):
            # It fails, too, in another way: that says nothing about this one.
            return Tried(None)
        alike = alike and _text(found) == _text(finding)
    try:
        # Once more, for the output that the report shows. What a pool's futures have raised is found, too.
        judge(runs.run(NonPreemptive(), visible=True)[1])
    except STOPPED as stopped:
        explaining.stop_session(stopped)
    return Tried(_TRIED + 1, alike)


def _way(finding: Finding) -> tuple[type[BaseException], str]:
    """Return in which way a test fails: the type of its first exception; and, for a deadlock, what its message says.

    Which threads and objects it concerns may differ between schedules, so numbers do not count.
    """
    error = next(leaves(finding.exception))
    text = str(error).partition("\n")[0] if finding.kind == DEADLOCK else ""
    return type(error), re.sub(r"\d+", "", text)


def _text(finding: Finding) -> str:
    """Return the first line of the first exception, without the addresses of objects; stuck threads have none.

    The lines after it explain an assertion, with all the values that it was computed from.
    """
    if finding.kind in (DEADLOCK, LIVELOCK):
        return ""
    try:
        return re.sub(r"0x[0-9A-Fa-f]+", "", str(next(leaves(finding.exception))).partition("\n")[0])
    except Exception:
        # The `__str__` of the exception has failed.
        return ""
