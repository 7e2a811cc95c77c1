"""Threads that fixtures start, and that wait where the scheduler cannot see it: they are left to run without control.

A server that waits for a connection is one. Under control it would be set aside in each execution, and the order of the
threads would depend on real time each time. Where such a thread is started is learned in one execution.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

from ...scope import _observed
from ..units import _current
from . import _foreign

if TYPE_CHECKING:
    import threading

    from ...steps._operations import Operation
    from ..units._units import Unit

#: The instruction that starts a thread, and the code that the thread runs.
Start = tuple[CodeType, int, CodeType | None]


def start_of(operation: Operation, thread: threading.Thread) -> Start:
    """Return what a thread is known by in the next execution; `operation` has started the thread."""
    return operation.code, operation.lasti, _code_run_by(thread)


def _code_run_by(thread: Any) -> CodeType | None:
    target = getattr(thread, "_target", None)
    run = type(thread).run if target is None else target
    code = getattr(getattr(run, "__func__", run), "__code__", None)
    return code if isinstance(code, CodeType) else None


class SetUpWithin:
    """A context manager, for the test's own thread, within which an execution sets up the test."""

    def __enter__(self) -> None:
        execution = self._execution = _current.running_execution()
        # Until the set-up ends, all threads are the fixtures'.
        execution.of_fixtures = sys.maxsize
        self._before = _foreign.threads_known()

    def __exit__(self, *exception: object) -> None:
        execution = self._execution
        execution.of_fixtures = len(execution.units)
        if execution.left_alone:
            _foreign.note_threads_of_fixtures(self._before)
            _foreign.look_for_foreign(execution, execution.lasting.matters)


def is_of_fixtures(unit: Unit | None) -> bool:
    """Whether the test's set-up has started the thread, or one of those from which it descends."""
    while unit is not None and unit.index > 0:
        if unit.index < unit.execution.of_fixtures:
            return True
        unit = unit.parent
    return False


def leave_alone(thread: threading.Thread, start: Any) -> None:
    """Start a thread that is not controlled, by the real `start`, from a controlled one."""
    with _observed.unobserved():
        start(thread)
