"""Accesses to memory within steps that a program has announced: the step says what they do."""

from __future__ import annotations

from collections.abc import Sequence

from ..control import Step
from ..control.steps import External


def without_inner(log: Sequence[Step]) -> list[Step]:
    """Return the steps; accesses that belong to a step on state outside memory touch nothing.

    A client may keep its state in memory, too: it is the step that says what the client does.
    """
    outer: dict[int, bool] = {}
    steps: list[Step] = []
    for unit, operation, touches in log:
        if operation.announced:
            outer[unit.index] = isinstance(operation, External)
        elif operation.is_access and not operation.is_external and outer.get(unit.index):
            steps.append((unit, operation, ()))
            continue
        steps.append((unit, operation, touches))
    return steps
