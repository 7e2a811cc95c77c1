"""Finds out whether a body that several workers run fails without preemptions, too: then it is often not a race."""

from __future__ import annotations

from collections.abc import Callable

from ...._leaves import leaves
from ....control import Outcome
from ....detect import Finding
from ....explore import NonPreemptive
from ...items._debugging import no_breakpoints
from ...items._workers import worker_of
from ..executions._executions import Executions, Way
from ._detailed_runs import DetailedRuns
from ._explaining import STOPPED, Explaining
from ._explanation import Explanation


def simplest_failure(
    explanation: Explanation,
    executions: Executions,
    runs: DetailedRuns,
    explaining: Explaining,
    judge: Callable[[Outcome], Finding | None],
) -> str:
    """Return the simplest way in which the test fails: see `Explanation.simplest`.

    Runs the body again in one worker, and once in all of them, each started when the one before has ended.
    """
    error = explanation.finding.exception
    kind = type(next(leaves(error)))
    executions.only = worker_of(error)
    ways: tuple[tuple[str, Way], ...] = (("one worker", "alone"), ("workers one after another", "one by one"))
    for least, way in ways:
        executions.way = way
        try:
            with no_breakpoints():
                outcome = runs.run(NonPreemptive())[1]
        except STOPPED as stopped:
            explaining.stop_session(stopped)
            continue
        finally:
            executions.way = "at once"
        found = judge(outcome)
        if found is not None and type(next(leaves(found.exception))) is kind:
            return least
    return "workers interleaved"
