"""Containers that were changed while a thread iterated over them, sorted them, or was in another call of C code.

For iterations and sorts, the exception says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..._leaves import leaves
from ...control import Outcome, Step, Touches
from ...control.steps import WRITES, kinds

#: What CPython raises says one of these.
_CHANGED = ("changed size during iteration", "changed during iteration", "mutated during iteration")
_SORTED = "list modified during sort"


def changed_during_iteration(outcome: Outcome) -> tuple[int, int, int] | None:
    """Return the positions in the log of a round, of another thread's change after it, and of the round that failed."""
    for index, error in outcome.raised.items():
        if any(isinstance(leaf, RuntimeError) and str(leaf).endswith(_CHANGED) for leaf in leaves(error)):
            rounds = [
                at for at, (unit, step, _) in enumerate(outcome.log) if (unit.index, step.kind) == (index, _ROUND)
            ]
            if rounds:
                last = rounds[-1]
                container = _container(outcome.log[last][2])
                earlier = [at for at in rounds[:-1] if _container(outcome.log[at][2]) == container]
                since = earlier[-1] if earlier else -1
                changes = [at for at in _changes(outcome, container) if since < at < last]
                if earlier and changes and outcome.log[changes[-1]][0].index != index:
                    return since, changes[-1], last
    return None


_ROUND = kinds.ITERATE


def _container(touches: Touches | None) -> Any:
    return touches[-1][0] if touches else None


def _changes(outcome: Outcome, container: Any) -> Iterator[int]:
    for at, (_, _, touches) in enumerate(outcome.log):
        if any(name == container and how & WRITES for name, _, how in touches or ()):
            yield at


def changed_during_sort(outcome: Outcome) -> tuple[int, int] | None:
    """Return the positions in the log of the sort of a list that failed, and of another thread's change meanwhile."""
    for index, error in outcome.raised.items():
        if any(isinstance(leaf, ValueError) and str(leaf) == _SORTED for leaf in leaves(error)):
            sorts = [
                at for at, (unit, step, _) in enumerate(outcome.log) if (unit.index, step.name) == (index, ".sort()")
            ]
            if sorts:
                changes = _changes(outcome, _container(outcome.log[sorts[-1]][2]))
                others = [at for at in changes if at > sorts[-1] and outcome.log[at][0].index != index]
                if others:
                    return sorts[-1], others[0]
    return None


def call_under_way(log: Sequence[Step], position: int) -> int | None:
    """Return the position in the log of the step within which C code has called what returns at `position`, or None."""
    unit, operation, touches = log[position]
    if operation.kind != kinds.RETURN:
        return None
    thing = _container(touches)
    for at in range(position - 1, -1, -1):
        other, step, touched = log[at]
        if (
            other is unit
            and step.is_access
            and step.kind != kinds.RETURN
            and any(name == thing for name, _, _ in touched or ())
        ):
            return at
    return None
