"""Threads that are blocked forever when a test has ended: Python waits for them at exit, unless they are daemons."""

from __future__ import annotations

import concurrent.futures.thread as _futures_thread
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...steps._kinds import START
from ..units._endings import DEADLOCK
from ..units._outcome import Stuck, WaitingThread
from ..units._primitive_names import described
from ..units._units import Unit
from ..units._waits import waits_of
from ._reach import globals_in_scope, reached, ways_to_wake

if TYPE_CHECKING:
    from .._execution import Execution


def left_blocked(execution: Execution) -> tuple[list[Unit], bool]:
    """Return the threads that are still blocked, and whether certainly nothing can wake them any more.

    To be called when the others have had their turn. The second value is False if something that outlives the test can
    still reach what they wait for, or if there is too much to search.
    """
    if not _is_settled(execution):
        return [], True
    blocked = [unit for unit in execution.units if _is_blocked(unit)]
    if not blocked:
        return [], True
    wanted = {id(each) for unit in blocked for each in ways_to_wake(unit)}
    found, complete = reached([*globals_in_scope(), *execution.outlives()], wanted, most=1)
    return blocked, complete and not found


def stuck_of_left(execution: Execution, blocked: list[Unit]) -> Stuck:
    """Return what is known of blocked threads, in the form of a deadlock."""
    pending = [(unit, unit.operation, unit.touches) for unit in blocked]
    names = described(execution.log, [unit.resource for unit in blocked])
    started = {id(operation.target): operation.where() for _, operation, _ in execution.log if operation.kind == START}
    waits = [
        WaitingThread(*wait[:-1], started.get(id(unit.thread)))
        for unit, wait in zip(blocked, waits_of(blocked, sys._current_frames(), names), strict=True)
    ]
    return Stuck(DEADLOCK, waits, len(execution.log), False, pending, left=True)


def _is_settled(execution: Execution) -> bool:
    """Whether nothing else can happen: the test has passed, and no thread can run, wakes up later, or is outside."""
    if execution.stuck is not None or execution.foreign or execution.outside.busy:
        return False
    return all(
        unit.exception is None and (unit.done or not (unit.enabled or unit.outside or unit.deadline is not None))
        for unit in execution.units
    )


def _is_blocked(unit: Unit) -> bool:
    if unit.done or unit.daemon or not unit.begun or unit.resource is None:
        return False
    # Python itself wakes the idle workers of thread pools at exit.
    return not (is_worker_of_pool(unit) and any(unit.resource is given for given in _given(unit)))


def is_worker_of_pool(unit: Unit) -> bool:
    return getattr(unit.thread, "_target", None) is _futures_thread._worker


def _given(unit: Unit) -> tuple[Any, ...]:
    given: tuple[Any, ...] = getattr(unit.thread, "_args", ())
    return given


#: Returns objects that outlive an execution, such as the values of fixtures of a wider scope.
Outliving = Callable[[], Iterable[object]]
