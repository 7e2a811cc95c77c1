"""Finds out whether a test fails only because it is repeated: earlier executions have left state behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...._leaves import leaves
from ....control import Outcome
from ....detect import Finding
from ....explore import NonPreemptive, Replay
from ...items._debugging import no_breakpoints
from ..executions._executions import Executions
from ..executions._kept_state import Changed
from ..observations._nondeterminism import describe_state_left
from ._detailed_runs import DetailedRuns
from ._explaining import STOPPED, Explaining
from ._explanation import Explanation
from ._repetition import Repetition

#: The first schedule is tried this many times, in two ways each.
_ROUNDS = 2
#: Executions that are needed.
RUNS = 2 * _ROUNDS


class Repeating:
    """Finds out whether failures of one test are due to earlier executions. `judge` returns an execution's finding."""

    def __init__(
        self,
        executions: Executions,
        runs: DetailedRuns,
        explaining: Explaining,
        judge: Callable[[Outcome], Finding | None],
    ) -> None:
        self._executions = executions
        self._runs = runs
        self._explaining = explaining
        self._judge = judge

    def add_to(
        self, explanation: Explanation, found: Explanation, *, has_passed: bool, is_certain: bool
    ) -> Explanation:
        """Return an explanation that says that the test fails only because it is repeated, if that is so.

        `found` explains the same failure by the execution that had it first, and by no other. `has_passed` says that
        executions before it have passed, and `is_certain` that until then no thread was preempted.
        """
        first = self._executions.first
        if first is None:
            return explanation
        if not (first.passed and has_passed):
            return self._of_body(explanation, is_certain) if explanation.simplest == "one worker" else explanation
        changed = self._fails_at_first(explanation.finding, first.choices)
        if changed is None:
            return explanation
        if not is_certain and changed.all and not changed.by_first:
            # No thread was preempted in the first execution, so this may be what a race has left.
            return found._replace(difference=describe_state_left(changed.all))
        simplest = None if explanation.simplest is None else "repeated"
        repetition = Repetition(changed.all, is_certain, of_body=False)
        if is_certain:
            return explanation._replace(repetition=repetition, simplest=simplest, difference=None)
        return found._replace(repetition=repetition, simplest=simplest, timeline=None, confirmed=False)

    def _fails_at_first(self, finding: Finding, choices: Sequence[int]) -> Changed | None:
        """Return what has changed before the first schedule, which passed, if it now fails like `finding`.

        It is tried more than once, as a test may fail by chance.
        """
        changed = None
        for strategy in (NonPreemptive(), Replay(choices)) * _ROUNDS:
            self._executions.prepare_ahead()
            changed = self._executions.changed_variables()
            if not self._fails_alike(strategy, finding):
                return None
        return changed

    def _of_body(self, explanation: Explanation, is_certain: bool) -> Explanation:
        """Return an explanation that says that the body fails with one worker, or that it does so only when repeated.

        It has failed with one worker, after an execution with several. If it is not known whether that one began by
        failing, the explanation says neither.
        """
        first = self._executions.first
        if first is None or first.first_worker_passed is False:
            return explanation
        self._executions.prepare_ahead()
        variables = self._executions.changed_variables().all
        # With the fixture `worker`, the body may be another one in each worker.
        if first.first_worker_passed and "worker" not in self._executions.item.fixturenames:
            repetition = Repetition(variables, is_certain, of_body=True)
            return explanation._replace(simplest="repeated", repetition=repetition, difference=None)
        return explanation._replace(simplest=None) if variables else explanation

    def _fails_alike(self, strategy: Any, finding: Finding) -> bool:
        try:
            with no_breakpoints():
                again = self._judge(self._runs.run(strategy)[1])
        except STOPPED as stopped:
            self._explaining.stop_session(stopped)
            return False
        return (
            again is not None
            and again.kind == finding.kind
            and type(next(leaves(again.exception))) is type(next(leaves(finding.exception)))
        )
