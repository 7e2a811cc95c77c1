"""The identity of a finding: two executions have the same finding if its kind and its place agree."""

from __future__ import annotations

from .._leaves import leaves
from ..control import Outcome
from ..control.execution import DEADLOCK
from ._findings import Finding, place_of_error


def identity_of(finding: Finding, outcome: Outcome) -> object:
    """Return a value that is equal for the same finding in two executions of one test.

    It contains the kind. For exceptions it also contains the type and the line that raised, each counted once. For a
    deadlock it contains where the threads wait. For a data race see `Race.key`.
    """
    stuck = outcome.stuck
    if stuck is None:
        return finding.kind, _raised(finding.exception)
    failures = _raised(*(failure.exception for failure in outcome.failures))
    if stuck.kind != DEADLOCK:
        # It is chance where the threads are when they reach the bound.
        return finding.kind, failures
    return finding.kind, failures, frozenset(wait.where and wait.where[:2] for wait in stuck.waits)


def _raised(*errors: BaseException) -> frozenset[object]:
    return frozenset((type(leaf), place_of_error(leaf)) for error in errors for leaf in leaves(error))
