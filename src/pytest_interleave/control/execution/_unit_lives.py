"""The beginning and the end of units within an execution."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..scope._tracebacks import without_ours
from ._fairness import RUN_STEPS, TURNS
from .units import _current
from .units._ending import end_stuck_from_outside
from .units._units import Unit
from .units._unwind import Unwind

if TYPE_CHECKING:
    from ..steps._operations import Operation
    from ..steps._protocol import Path
    from ._execution import Execution


def spawn(
    execution: Execution,
    parent: Unit,
    target: Callable[[], object],
    operation: Operation,
    name: str,
    *,
    daemon: bool,
    thread: threading.Thread | None = None,
) -> Unit:
    """Start a controlled thread and return its unit; its first scheduling point is its beginning."""
    unit = new_unit(execution, name, operation, parent, daemon=daemon)
    execution.carriers.assign(unit, target, thread)
    if execution.closing is None:
        execution.enabled.add(unit)
    else:
        execution.closing.add(unit)
    return unit


def adopt(execution: Execution, name: str, operation: Operation, path: Path) -> Unit:
    """Return a new unit for a thread that was there before the execution; the caller sets where it waits."""
    unit = new_unit(execution, name, operation, None, daemon=True, path=path)
    unit.lasting = unit.begun = True
    return unit


def new_unit(
    execution: Execution, name: str, operation: Operation, parent: Unit | None, *, daemon: bool, path: Path = ()
) -> Unit:
    """Return a new unit that the execution and its strategy know; it cannot run yet."""
    unit = Unit(execution, len(execution.units), name, operation, parent, daemon)
    if path:
        unit.path = path
    unit.special = execution.long is not None or execution.progress.watching or execution.interrupted
    execution.units.append(unit)
    # A change usually comes with a read, and often with a lock that is taken and released.
    turn = execution.bound // (4 * TURNS * len(execution.units))
    execution.turn = RUN_STEPS if turn > RUN_STEPS else turn or 1
    execution.strategy.spawned(unit)
    return unit


def run_unit(execution: Execution, unit: Unit) -> None:
    """Run the controlled thread's own code, in its carrier."""
    if unit.doomed:
        return
    unit.begun = True
    if execution.long is None:
        execution.log.append((unit, unit.operation, None))
    target = unit.half.target
    assert target is not None
    try:
        target()
    except Unwind:
        unit.unwound = True
    except BaseException as error:
        error = error.with_traceback(without_ours(error.__traceback__))
        # The thread may have outlived this execution.
        unit = _current.units[unit.half.ident] or unit
        if unit.at_large and unit.thread is not None:
            unit.half.report(error)
        else:
            unit.exception = error


def note_unseen(execution: Execution, unit: Unit) -> None:
    """Note that the steps of `unit`, which has ended, were not seen any more from some moment on."""
    # An execution ends its threads by an exception, and that also ends tracing.
    if execution.closing is None and not (unit.unwound or unit.at_large):
        execution.unseen = (*execution.unseen, unit.name)


def finish(execution: Execution, unit: Unit) -> None:
    """Mark a controlled thread as ended and wake the next one: the last act of its carrier."""
    unit.done = True
    if execution.closing is not None:
        execution.closing.finished(unit)
        return
    # Other threads may have waited for its end.
    execution.progress.stop()
    if unit.outside and execution.outside.finished(unit):
        return
    if unit.enabled:
        execution.enabled.drop(unit)
    execution.enabled.refresh(unit)
    chosen = execution.next_unit()
    if chosen is None:
        end_stuck_from_outside(execution)
    else:
        execution.hand_over(chosen)
