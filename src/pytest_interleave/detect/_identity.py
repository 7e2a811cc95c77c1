"""Whether two executions have the same finding: its kind and place agree."""

from __future__ import annotations

from .._leaves import leaves
from ..control import Outcome
from ..control.execution import DEADLOCK
from ._findings import Finding, place_of_error


def identity_of(finding: Finding, outcome: Outcome) -> object:
    """Equal for the same finding in two executions of one test; for a data race see `Race.key`.

    The kind; of exceptions the type and the line that raised, each counted once; of a deadlock where its threads wait.
    """
    stuck = outcome.stuck
    if stuck is None:
        return finding.kind, _raised(finding.exception)
    failures = _raised(*(failure.exception for failure in outcome.failures))
    if stuck.kind != DEADLOCK:
        # Where the bound has come upon them is chance.
        return finding.kind, failures
    return finding.kind, failures, frozenset(wait.where and wait.where[:2] for wait in stuck.waits)


def _raised(*errors: BaseException) -> frozenset[object]:
    return frozenset((type(leaf), place_of_error(leaf)) for error in errors for leaf in leaves(error))
