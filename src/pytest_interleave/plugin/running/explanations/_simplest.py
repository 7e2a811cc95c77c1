"""How little it takes for a test to fail whose body is run by several workers: often it is no matter of threads."""

from __future__ import annotations

from collections.abc import Callable

from ...._leaves import leaves
from ....control import Outcome
from ....detect import Finding
from ....explore import NonPreemptive
from ...items._debugging import no_breakpoints
from ...items._workers import worker_of
from ..executions._executions import Executions, Way
from ._explaining import STOPPED, Explaining, Explanation


def simplest(
    explanation: Explanation,
    executions: Executions,
    explaining: Explaining,
    judge: Callable[[Outcome], Finding | None],
) -> str:
    """How little it takes: "one worker", "workers in turn", one after another, or "switches" between them.

    Runs the body once more in one worker, and once in all of them, each started when the one before has ended.
    """
    error = explanation.finding.exception
    kind = type(next(leaves(error)))
    executions.only = worker_of(error)
    ways: tuple[tuple[str, Way], ...] = (("one worker", "alone"), ("workers in turn", "in turn"))
    for less, way in ways:
        outcome = _run(executions, explaining, way)
        found = None if outcome is None else judge(outcome)
        if found is not None and type(next(leaves(found.exception))) is kind:
            return less
    return "switches"


def _run(executions: Executions, explaining: Explaining, way: Way) -> Outcome | None:
    executions.way = way
    try:
        with no_breakpoints():
            return explaining.run(NonPreemptive())[1]
    except STOPPED as error:
        explaining.stop_session(error)
        return None
    finally:
        executions.way = "at once"
