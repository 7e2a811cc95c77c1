"""Finds out whether a test that fails without preemption fails in every schedule: then it is no race.

That is a sample: threads that run one after another, in random orders, and threads that are preempted at random.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...._leaves import leaves
from ....control import Outcome, Strategy
from ....control.execution import DEADLOCK
from ....detect import Finding
from ....explore import PCT, NonPreemptive, RandomWalk
from ...items._debugging import no_breakpoints
from ..executions._time_limit import TimeLimit
from ._detailed_runs import DetailedRuns
from ._explaining import STOPPED, Explaining

#: The number of other schedules that are tried, half of them without preemption.
_TRIED = 10


def fails_in_every_schedule(
    finding: Finding,
    seed: int,
    runs: DetailedRuns,
    explaining: Explaining,
    judge: Callable[[Outcome], Finding | None],
    limit: TimeLimit,
    took: float,
) -> int | None:
    """Return the number of schedules tried if the test fails alike in all of them; 0 if it passes in one.

    None if it fails in another way, or if there was no time for all. An execution has taken `took` seconds.
    """
    strategies: tuple[Strategy, ...] = (PCT(seed, depth=1), RandomWalk(seed))
    if not limit.has(_TRIED * took):
        return None
    for number in range(_TRIED):
        try:
            with no_breakpoints():
                outcome = runs.run(strategies[number % 2])[1]
        except STOPPED as stopped:
            explaining.stop_session(stopped)
            return None
        found = judge(outcome)
        if found is None:
            return 0
        if found.kind != finding.kind or _way(found) != _way(finding):
            # It fails, too, in another way: that says nothing about this one.
            return None
    try:
        # Once more, for the output that the report shows. What a pool's futures have raised is found, too.
        judge(runs.run(NonPreemptive(), visible=True)[1])
    except STOPPED as stopped:
        explaining.stop_session(stopped)
    return _TRIED + 1


def _way(finding: Finding) -> tuple[type[BaseException], str]:
    """Return in which way a test fails: the type of its first exception; and, for a deadlock, what its message says.

    Which threads and objects it concerns may differ between schedules, so numbers do not count.
    """
    error = next(leaves(finding.exception))
    text = str(error).partition("\n")[0] if finding.kind == DEADLOCK else ""
    return type(error), re.sub(r"\d+", "", text)
