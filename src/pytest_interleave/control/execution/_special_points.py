"""Scheduling points of threads that cannot take the ordinary path, see `Unit.special`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ._interruption import give_way_to_main
from .progress._probe import changes
from .units._at_large import LetGo, settled

if TYPE_CHECKING:
    from ..steps._operations import Operation
    from ..steps._touches import Touches
    from ._execution import Execution
    from .units._resources import Resource
    from .units._units import Unit


def special_point(execution: Execution, unit: Unit, operation: Operation, touches: Touches | None, depth: int) -> bool:
    """Handle a scheduling point off the ordinary path; return True if nothing is left to be scheduled."""
    if execution.forked:
        return True
    try:
        if unit.at_large:
            # Its steps are still observed if it came back from out of sight when all was over.
            execution.let_go(unit)
        if execution.closing is not None:
            execution.closing.point(unit)
            return True
        if execution.interrupted:
            give_way_to_main(execution, unit)
        if unit.outside or execution.outside.busy:
            _absorb_outside(execution, unit)
        if unit.atomic:
            if execution.long is None:
                execution.log.append((unit, operation.within_a_step(), touches))
            return True
        if execution.progress.watching:
            execution.progress.step(unit, operation, touches, sys._getframe(depth))
        if execution.long is not None:
            execution.long.point(unit, changed=changes(operation, touches))
            return True
    except LetGo:
        settled()
        return True
    unit.settle()
    return False


def special_wait(
    execution: Execution, unit: Unit, operation: Operation, resource: Resource, depth: int, *, timeless: bool
) -> bool:
    """Handle a wait off the ordinary path; return True if it is granted and nothing is left to be scheduled."""
    if execution.closing is not None:
        execution.closing.wait(unit, resource)
        return True
    if execution.interrupted:
        give_way_to_main(execution, unit)
    if unit.outside or execution.outside.busy:
        _absorb_outside(execution, unit)
    if unit.atomic and resource.available(unit):
        if execution.long is None:
            execution.log.append((unit, operation.within_a_step(), None))
        return True
    if not timeless and execution.progress.watching:
        execution.progress.step(unit, operation, None, sys._getframe(depth))
    if not resource.available(unit):
        return False
    if execution.long is not None:
        execution.long.point(unit, changed=False)
        return resource.available(unit)
    unit.settle()
    return False


def _absorb_outside(execution: Execution, unit: Unit) -> None:
    """Take back threads that were out of the scheduler's sight: the calling one, or others."""
    if unit.outside:
        execution.outside.come_back(unit)
        if unit.at_large:
            execution.let_go(unit)
    elif execution.outside.busy:
        execution.outside.absorb()
