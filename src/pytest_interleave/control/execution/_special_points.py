"""Scheduling points of threads for which the ordinary path does not do, see `Task.special`."""

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
    from .units._units import Task


def special_point(execution: Execution, task: Task, operation: Operation, touches: Touches | None, depth: int) -> bool:
    """True where the point is dealt with: nothing is to be scheduled."""
    if execution.forked:
        return True
    try:
        if task.at_large:
            # It is still looked at, where it came back from out of sight when all was over.
            execution.let_go(task)
        if execution.closing is not None:
            execution.closing.point(task)
            return True
        if execution.interrupted:
            give_way_to_main(execution, task)
        if task.outside or execution.outside.busy:
            _absorb_outside(execution, task)
    except LetGo:
        settled()
        return True
    if task.atomic:
        if execution.long is None:
            execution.log.append((task, operation.within_a_step(), touches))
        return True
    if execution.progress.watching:
        execution.progress.step(task, operation, touches, sys._getframe(depth))
    if execution.long is not None:
        execution.long.point(task, changed=changes(operation, touches))
        return True
    task.settle()
    return False


def special_wait(
    execution: Execution, task: Task, operation: Operation, resource: Resource, depth: int, *, timeless: bool
) -> bool:
    """True where the wait is dealt with: the resource is available and nothing is to be scheduled."""
    if execution.closing is not None:
        execution.closing.wait(task, resource)
        return True
    if execution.interrupted:
        give_way_to_main(execution, task)
    if task.outside or execution.outside.busy:
        _absorb_outside(execution, task)
    if task.atomic and resource.available(task):
        if execution.long is None:
            execution.log.append((task, operation.within_a_step(), None))
        return True
    if not timeless and execution.progress.watching:
        execution.progress.step(task, operation, None, sys._getframe(depth))
    if not resource.available(task):
        return False
    if execution.long is not None:
        execution.long.point(task, changed=False)
        return resource.available(task)
    task.settle()
    return False


def _absorb_outside(execution: Execution, task: Task) -> None:
    """Threads that were out of sight come back, the calling one or others."""
    if task.outside:
        execution.outside.come_back(task)
        if task.at_large:
            execution.let_go(task)
    elif execution.outside.busy:
        execution.outside.absorb()
