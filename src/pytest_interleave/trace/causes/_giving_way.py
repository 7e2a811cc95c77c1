"""Switches that the scheduler made by itself: a thread had run for long, so the others got their turn.

The strategy had chosen that the running thread continues, but another one took the next step.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...control import Step
from ...control.execution import SPIN_STEPS
from ...explore import ChoicePoint


def gave_way(point: ChoicePoint, log: Sequence[Step]) -> bool:
    """Whether a thread that was chosen to continue had to let another one run."""
    if not point.preempts or point.chosen != point.stand[0] or point.step >= len(log):
        return False
    return log[point.step][0].path != point.chosen


def why_gave_way(point: ChoicePoint, log: Sequence[Step], names: Sequence[str]) -> str:
    """Return a clause that says how long the thread that gave way at `point` had run."""
    thread = point.stand[0]
    steps = quiet = 0
    changed = False
    index = 0
    for at in range(point.step - 1, -1, -1):
        unit, operation, _ = log[at]
        if unit.path != thread:
            break
        index = unit.index
        steps += 1
        changed = changed or operation.mutates
        quiet += not changed
    if quiet >= SPIN_STEPS:
        return f"{names[index]} had run {quiet:,} steps without changing anything"
    return f"{names[index]} had run {steps:,} steps in a row"
