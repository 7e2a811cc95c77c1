"""Finds what an execution has found: a failure of the test or of a thread, a deadlock, a leak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....control import Outcome, ThreadFailure
from ....detect import FAILED_SETUP, FAILED_TEARDOWN, FAILED_TEST, LEAK, WORKER_EXCEPTION, Finding, finding_of
from ....resources import ResourceLeak
from ...items._workers import quiet_types, raised_by_workers
from ._executions import Executions

if TYPE_CHECKING:
    from ....resources import WatchesFutures


class Judge:
    """Finds what an execution of one test has found, except for data races."""

    def __init__(self, executions: Executions) -> None:
        self._executions = executions
        #: Thread pools that fixtures of the test have open now: their unchecked exceptions are findings.
        self.open_pools: list[WatchesFutures] = []

    def __call__(self, outcome: Outcome) -> Finding | None:
        """Return the finding of the execution that has just ended."""
        unchecked = []
        for pool in self.open_pools:
            pool.is_judged = True
            unchecked += [ThreadFailure(-1, thread, error) for thread, error in pool.unseen_exceptions()]
        finding = finding_of(outcome, unchecked, quiet_types())
        if finding is not None and finding.kind == FAILED_TEST and raised_by_workers(finding.exception):
            return finding._replace(kind=WORKER_EXCEPTION)
        if finding is not None and finding.exception is self._executions.set_up_error:
            return finding._replace(kind=FAILED_SETUP)
        if finding is not None and finding.exception is self._executions.teardown_error:
            return finding._replace(kind=FAILED_TEARDOWN)
        if finding is not None and isinstance(finding.exception, ResourceLeak):
            return finding._replace(kind=LEAK)
        return finding
