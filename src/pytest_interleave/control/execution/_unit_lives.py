"""How units begin and end within an execution."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..scope._tracebacks import without_ours
from ._fairness import RUN_STEPS, TURNS
from .units import _current
from .units._ending import end_stuck_from_outside
from .units._units import Task, Unwind

if TYPE_CHECKING:
    from ..steps._operations import Operation
    from ..steps._protocol import Path
    from ._execution import Execution


def spawn(
    execution: Execution,
    parent: Task,
    target: Callable[[], object],
    operation: Operation,
    name: str,
    *,
    daemon: bool,
    thread: threading.Thread | None = None,
) -> Task:
    """Start a controlled thread; its first scheduling point is its beginning."""
    task = new_unit(execution, name, operation, parent, daemon=daemon)
    execution.carriers.assign(task, target, thread)
    if execution.closing is None:
        execution.enabled.add(task)
    else:
        execution.closing.add(task)
    return task


def adopt(execution: Execution, name: str, operation: Operation, path: Path) -> Task:
    """A thread that was there before is under control from now on; it has still to be told where it waits."""
    task = new_unit(execution, name, operation, None, daemon=True, path=path)
    task.lasting = task.begun = True
    return task


def new_unit(
    execution: Execution, name: str, operation: Operation, parent: Task | None, *, daemon: bool, path: Path = ()
) -> Task:
    """Make a unit that the execution and its strategy know; it cannot run yet."""
    task = Task(execution, len(execution.tasks), name, operation, parent, daemon)
    if path:
        task.path = path
    task.special = execution.long is not None or execution.progress.watching or execution.interrupted
    execution.tasks.append(task)
    # A change comes with a read, as a rule, and often with a lock that is taken and released.
    turn = execution.bound // (4 * TURNS * len(execution.tasks))
    execution.turn = RUN_STEPS if turn > RUN_STEPS else turn or 1
    execution.strategy.spawned(task)
    return task


def run_unit(execution: Execution, task: Task) -> None:
    """What a carrier runs: the controlled thread's own code."""
    if task.doomed:
        return
    task.begun = True
    if execution.long is None:
        execution.log.append((task, task.operation, None))
    target = task.half.target
    assert target is not None
    try:
        target()
    except Unwind:
        task.unwound = True
    except BaseException as error:
        error = error.with_traceback(without_ours(error.__traceback__))
        # It may have outlived this execution.
        task = _current.tasks[task.half.ident] or task
        if task.at_large and task.thread is not None:
            task.half.report(error)
        else:
            task.exception = error


def note_unseen(execution: Execution, task: Task) -> None:
    """The steps of `task`, which has ended, were seen no more from some moment on."""
    # An execution ends its threads by an exception, which ends tracing, too.
    if execution.closing is None and not (task.unwound or task.at_large):
        execution.unseen = (*execution.unseen, task.name)


def finish(execution: Execution, task: Task) -> None:
    """A controlled thread has ended; its carrier's last act is to wake the next one."""
    task.done = True
    if execution.closing is not None:
        execution.closing.finished(task)
        return
    # Others may have waited for it.
    execution.progress.stop()
    if task.outside and execution.outside.finished(task):
        return
    if task.enabled:
        execution.enabled.drop(task)
    execution.enabled.refresh(task)
    chosen = execution.next_task()
    if chosen is None:
        end_stuck_from_outside(execution)
    else:
        execution.hand_over(chosen)
