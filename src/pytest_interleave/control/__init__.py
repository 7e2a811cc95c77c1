"""Runs a program one thread at a time: scheduler, controlled threads, primitives, clock, scope, instrumentation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._control import Control, begin_alike
    from ._current import current_task, set_scope, threads_left, threads_started
    from ._execution import LONGEST
    from ._instrument import debugger_left
    from ._left_alone import SetUpWithin
    from ._loggers import records_read
    from ._names import bodies_kept
    from ._operations import HELD_UP, Operation
    from ._outcome import Outcome, SetAside, Stuck, ThreadFailure, WaitingThread
    from ._places import Place, is_ours, is_stdlib, short_path
    from ._protocol import LoggedStep, Nesting, Path, PendingOperation, Strategy, ThreadView, Trace
    from ._random_state import RandomState, random_state, restore_random
    from ._recorder import Recorder
    from ._scope import Scope
    from ._set_up import FixturesBeingMade
    from ._targets import announce_call
    from ._tasks import Step, Task, Unwind
    from ._thread_starts import ThreadStarts
    from ._time_choices import CLOCK, LEAPS, HeldUp, duration
    from ._touches import Touches, conflicts, touches_of
    from ._tracebacks import without_ours
    from ._uncontrolled import Reasons, Uncontrolled, UncontrolledPart
    from .system import put_in_place, take_away, unrecorded
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "CLOCK": "._time_choices",
            "HELD_UP": "._operations",
            "HeldUp": "._time_choices",
            "LEAPS": "._time_choices",
            "LONGEST": "._execution",
            "Control": "._control",
            "LoggedStep": "._protocol",
            "Nesting": "._protocol",
            "Operation": "._operations",
            "Outcome": "._outcome",
            "Path": "._protocol",
            "PendingOperation": "._protocol",
            "Place": "._places",
            "RandomState": "._random_state",
            "Recorder": "._recorder",
            "Scope": "._scope",
            "Reasons": "._uncontrolled",
            "SetAside": "._outcome",
            "SetUpWithin": "._left_alone",
            "Strategy": "._protocol",
            "Stuck": "._outcome",
            "Step": "._tasks",
            "Task": "._tasks",
            "Touches": "._touches",
            "ThreadFailure": "._outcome",
            "ThreadStarts": "._thread_starts",
            "ThreadView": "._protocol",
            "Trace": "._protocol",
            "Uncontrolled": "._uncontrolled",
            "UncontrolledPart": "._uncontrolled",
            "Unwind": "._tasks",
            "WaitingThread": "._outcome",
            "announce_call": "._targets",
            "begin_alike": "._control",
            "bodies_kept": "._names",
            "conflicts": "._touches",
            "current_task": "._current",
            "debugger_left": "._instrument",
            "duration": "._time_choices",
            "FixturesBeingMade": "._set_up",
            "is_ours": "._places",
            "put_in_place": ".system",
            "random_state": "._random_state",
            "records_read": "._loggers",
            "restore_random": "._random_state",
            "take_away": ".system",
            "is_stdlib": "._places",
            "set_scope": "._current",
            "short_path": "._places",
            "threads_left": "._current",
            "threads_started": "._current",
            "touches_of": "._touches",
            "unrecorded": ".system",
            "without_ours": "._tracebacks",
        },
    )

__all__ = [
    "CLOCK",
    "HELD_UP",
    "LEAPS",
    "LONGEST",
    "Control",
    "FixturesBeingMade",
    "HeldUp",
    "LoggedStep",
    "Nesting",
    "Operation",
    "Outcome",
    "Path",
    "PendingOperation",
    "Place",
    "RandomState",
    "Reasons",
    "Recorder",
    "Scope",
    "SetAside",
    "SetUpWithin",
    "Step",
    "Strategy",
    "Stuck",
    "Task",
    "ThreadFailure",
    "ThreadStarts",
    "ThreadView",
    "Touches",
    "Trace",
    "Uncontrolled",
    "UncontrolledPart",
    "Unwind",
    "WaitingThread",
    "announce_call",
    "begin_alike",
    "bodies_kept",
    "conflicts",
    "current_task",
    "debugger_left",
    "duration",
    "is_ours",
    "is_stdlib",
    "put_in_place",
    "random_state",
    "records_read",
    "restore_random",
    "set_scope",
    "short_path",
    "take_away",
    "threads_left",
    "threads_started",
    "touches_of",
    "unrecorded",
    "without_ours",
]
