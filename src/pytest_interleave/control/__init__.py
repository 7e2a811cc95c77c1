"""Runs a program one thread at a time: scheduler, controlled threads, primitives, clock, scope, instrumentation."""

from ._control import Control
from ._current import current_task, set_scope
from ._operations import Operation
from ._outcome import Outcome, SetAside, Stuck, ThreadFailure, WaitingThread
from ._places import Place, is_ours, short_path
from ._protocol import PendingOperation, Strategy, ThreadView
from ._scope import Scope
from ._tasks import Task, Unwind
from ._tracebacks import without_ours

__all__ = [
    "Control",
    "Operation",
    "Outcome",
    "PendingOperation",
    "Place",
    "Scope",
    "SetAside",
    "Strategy",
    "Stuck",
    "Task",
    "ThreadFailure",
    "ThreadView",
    "Unwind",
    "WaitingThread",
    "current_task",
    "is_ours",
    "set_scope",
    "short_path",
    "without_ours",
]
