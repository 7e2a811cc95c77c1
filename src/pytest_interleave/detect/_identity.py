"""Whether two executions have the same finding: its kind and place agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..control import Outcome
from ._findings import Finding, place_of_error


def identity_of(finding: Finding, outcome: Outcome) -> object:
    """Equal for the same finding in two executions of one test; for a data race see `Race.key`.

    The kind; of exceptions the type and the line that raised, each counted once; of a deadlock where its threads wait.
    """
    stuck = outcome.stuck
    if stuck is None:
        return finding.kind, frozenset(_raised(finding.exception))
    failures = frozenset(found for failure in outcome.failures for found in _raised(failure.exception))
    if stuck.kind == "livelock":
        # Where the bound has come upon them is chance.
        return finding.kind, failures
    return finding.kind, failures, frozenset(wait.where and wait.where[:2] for wait in stuck.waits)


def _raised(error: BaseException) -> Iterator[tuple[type, tuple[str, int] | None]]:
    if issubclass(type(error), BaseExceptionGroup):
        group: Any = error
        for inner in group.exceptions:
            yield from _raised(inner)
    else:
        yield type(error), place_of_error(error)
