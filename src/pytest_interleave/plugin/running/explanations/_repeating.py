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
        #: See `Explanation.simplest`.
        self._simplest = "repeated" if executions.settings.marker == "thread_safety" else None

    def of_test(self, found: Explanation, *, is_certain: bool) -> Explanation | None:
        """Return an explanation that says that the test fails only because it is repeated; None if that is not so.

        `found` explains the failure by the execution that had it first. `is_certain` says that until then no thread
        was preempted.
        """
        first = self._executions.first
        failed = None if first is None or not first.passed else self._fail_at_first(found.finding, first.choices)
        if failed is None:
            return None
        finding, changed = failed
        if not is_certain and changed.all and not changed.by_first:
            # No thread was preempted in the first execution, so this may be what a race has left.
            return found._replace(finding=finding, difference=describe_state_left(changed.all))
        return found._replace(
            finding=finding,
            repetition=Repetition(changed.all, is_certain, of_body=False),
            simplest=self._simplest,
            timeline=None,
            confirmed=False,
        )

    def _fail_at_first(self, finding: Finding, choices: Sequence[int]) -> tuple[Finding, Changed] | None:
        """Return how the first schedule, which passed, fails now like `finding`, and what has changed before.

        None if it passes, or fails in another way. It is tried more than once, as a test may fail by chance.
        """
        executions = self._executions
        executions.found = True
        latest: Finding | None = finding
        changed = Changed((), ())
        for number, strategy in enumerate((NonPreemptive(), Replay(choices)) * _ROUNDS):
            if number == RUNS // 2:
                self._runs.forget(finding)
            try:
                executions.prepare_ahead()
            except STOPPED as stopped:
                # A fixture fails for the first time now.
                self._explaining.stop_session(stopped)
                return None
            changed = executions.changed_variables()
            latest = self._failing_alike(strategy, finding)
            if latest is None:
                return None
        assert latest is not None
        return latest, changed

    def of_body(self, explanation: Explanation, *, is_certain: bool) -> Explanation:
        """Return an explanation that says that the body fails with one worker, or that it does so only when repeated.

        It has failed with one worker, after an execution with several. If it is not known whether that one began by
        failing, the explanation says neither.
        """
        first = self._executions.first
        if first is None or first.first_worker_passed is False:
            return explanation
        try:
            self._executions.prepare_ahead()
        except STOPPED as stopped:
            self._explaining.stop_session(stopped)
            return explanation
        variables = self._executions.changed_variables().all
        # With the fixture `worker`, the body may be another one in each worker.
        if first.first_worker_passed and "worker" not in self._executions.item.fixturenames:
            repetition = Repetition(variables, is_certain, of_body=True)
            return explanation._replace(simplest="repeated", repetition=repetition, difference=None)
        return explanation._replace(simplest=None) if variables else explanation

    def _failing_alike(self, strategy: Any, finding: Finding) -> Finding | None:
        """Run a schedule; return its finding if it is of the same kind and type as `finding`."""
        try:
            with no_breakpoints():
                again = self._judge(self._runs.run(strategy, visible=True)[1])
        except STOPPED as stopped:
            self._explaining.stop_session(stopped)
            return None
        if again is None or again.kind != finding.kind:
            return None
        is_alike = type(next(leaves(again.exception))) is type(next(leaves(finding.exception)))
        return again if is_alike else None
