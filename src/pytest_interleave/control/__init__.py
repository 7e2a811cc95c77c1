"""Runs a program one thread at a time: scheduler, controlled threads, primitives, clock, scope, instrumentation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._control import Control, begin_alike
    from ._current import current_task, set_scope, threads_left
    from ._execution import LONGEST
    from ._instrument import debugger_left
    from ._names import bodies_kept
    from ._operations import Operation
    from ._outcome import Outcome, SetAside, Stuck, ThreadFailure, WaitingThread
    from ._places import Place, is_ours, is_stdlib, short_path
    from ._protocol import LoggedStep, Nesting, Path, PendingOperation, Strategy, ThreadView, Trace
    from ._recorder import Recorder
    from ._scope import Scope
    from ._targets import announce_call
    from ._tasks import Step, Task, Unwind
    from ._touches import Touches, conflicts, touches_of
    from ._tracebacks import without_ours
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "LONGEST": "._execution",
            "Control": "._control",
            "LoggedStep": "._protocol",
            "Nesting": "._protocol",
            "Operation": "._operations",
            "Outcome": "._outcome",
            "Path": "._protocol",
            "PendingOperation": "._protocol",
            "Place": "._places",
            "Recorder": "._recorder",
            "Scope": "._scope",
            "SetAside": "._outcome",
            "Strategy": "._protocol",
            "Stuck": "._outcome",
            "Step": "._tasks",
            "Task": "._tasks",
            "Touches": "._touches",
            "ThreadFailure": "._outcome",
            "ThreadView": "._protocol",
            "Trace": "._protocol",
            "Unwind": "._tasks",
            "WaitingThread": "._outcome",
            "announce_call": "._targets",
            "begin_alike": "._control",
            "bodies_kept": "._names",
            "conflicts": "._touches",
            "current_task": "._current",
            "debugger_left": "._instrument",
            "is_ours": "._places",
            "is_stdlib": "._places",
            "set_scope": "._current",
            "short_path": "._places",
            "threads_left": "._current",
            "touches_of": "._touches",
            "without_ours": "._tracebacks",
        },
    )

__all__ = [
    "LONGEST",
    "Control",
    "LoggedStep",
    "Nesting",
    "Operation",
    "Outcome",
    "Path",
    "PendingOperation",
    "Place",
    "Recorder",
    "Scope",
    "SetAside",
    "Step",
    "Strategy",
    "Stuck",
    "Task",
    "ThreadFailure",
    "ThreadView",
    "Touches",
    "Trace",
    "Unwind",
    "WaitingThread",
    "announce_call",
    "begin_alike",
    "bodies_kept",
    "conflicts",
    "current_task",
    "debugger_left",
    "is_ours",
    "is_stdlib",
    "set_scope",
    "short_path",
    "threads_left",
    "touches_of",
    "without_ours",
]
