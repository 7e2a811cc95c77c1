"""The engine that runs a program one thread at a time: scheduler, units, primitives, clock, scope, instrumentation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._control import Control, begin_alike
    from .calls._loggers import records_read
    from .execution._execution import LONGEST
    from .execution.outside._left_alone import SetUpWithin
    from .execution.timing._time_choices import CLOCK, LEAPS, HeldUp, duration
    from .execution.units._current import current_unit, infrastructure, threads_left, threads_started
    from .execution.units._outcome import Outcome, SetAside, Stuck, ThreadFailure, WaitingThread
    from .execution.units._units import Step, Unit
    from .execution.units._unwind import Unwind
    from .identity._object_names import bodies_kept
    from .instrumentation._announced import announce_call
    from .instrumentation._assertions import explaining
    from .instrumentation._engine import debugger_left
    from .instrumentation._recorder import Recorder
    from .interpreter._random_state import RandomState, random_state, restore_random
    from .scope._current_scope import current_scope, set_scope
    from .scope._observed import observed
    from .scope._places import Place, is_ours, is_stdlib, short_path
    from .scope._real import get_ident, real_lock
    from .scope._scope import Scope
    from .scope._tracebacks import hide_ours, traceback_of, without_ours
    from .steps._kinds import HELD_UP
    from .steps._operations import Operation
    from .steps._protocol import LoggedStep, Nesting, Path, PendingOperation, Strategy, ThreadView, Trace
    from .steps._touches import Touches, conflicts, touches_of
    from .steps._uncontrolled import Reasons, Uncontrolled, UncontrolledPart
    from .system import put_in_place, take_away, unrecorded
    from .threads._set_up import FixturesBeingMade
    from .threads._thread_starts import ThreadStarts
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "CLOCK": ".execution.timing._time_choices",
            "Control": "._control",
            "FixturesBeingMade": ".threads._set_up",
            "HELD_UP": ".steps._kinds",
            "HeldUp": ".execution.timing._time_choices",
            "LEAPS": ".execution.timing._time_choices",
            "LONGEST": ".execution._execution",
            "LoggedStep": ".steps._protocol",
            "Nesting": ".steps._protocol",
            "Operation": ".steps._operations",
            "Outcome": ".execution.units._outcome",
            "Path": ".steps._protocol",
            "PendingOperation": ".steps._protocol",
            "Place": ".scope._places",
            "RandomState": ".interpreter._random_state",
            "Reasons": ".steps._uncontrolled",
            "Recorder": ".instrumentation._recorder",
            "Scope": ".scope._scope",
            "SetAside": ".execution.units._outcome",
            "SetUpWithin": ".execution.outside._left_alone",
            "Step": ".execution.units._units",
            "Strategy": ".steps._protocol",
            "Stuck": ".execution.units._outcome",
            "Unit": ".execution.units._units",
            "ThreadFailure": ".execution.units._outcome",
            "ThreadStarts": ".threads._thread_starts",
            "ThreadView": ".steps._protocol",
            "Touches": ".steps._touches",
            "Trace": ".steps._protocol",
            "Uncontrolled": ".steps._uncontrolled",
            "UncontrolledPart": ".steps._uncontrolled",
            "Unwind": ".execution.units._unwind",
            "WaitingThread": ".execution.units._outcome",
            "announce_call": ".instrumentation._announced",
            "begin_alike": "._control",
            "bodies_kept": ".identity._object_names",
            "conflicts": ".steps._touches",
            "current_scope": ".scope._current_scope",
            "current_unit": ".execution.units._current",
            "debugger_left": ".instrumentation._engine",
            "explaining": ".instrumentation._assertions",
            "duration": ".execution.timing._time_choices",
            "get_ident": ".scope._real",
            "hide_ours": ".scope._tracebacks",
            "traceback_of": ".scope._tracebacks",
            "infrastructure": ".execution.units._current",
            "is_ours": ".scope._places",
            "is_stdlib": ".scope._places",
            "observed": ".scope._observed",
            "put_in_place": ".system",
            "random_state": ".interpreter._random_state",
            "real_lock": ".scope._real",
            "records_read": ".calls._loggers",
            "restore_random": ".interpreter._random_state",
            "set_scope": ".scope._current_scope",
            "short_path": ".scope._places",
            "take_away": ".system",
            "threads_left": ".execution.units._current",
            "threads_started": ".execution.units._current",
            "touches_of": ".steps._touches",
            "unrecorded": ".system",
            "without_ours": ".scope._tracebacks",
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
    "ThreadFailure",
    "ThreadStarts",
    "ThreadView",
    "Touches",
    "Trace",
    "Uncontrolled",
    "UncontrolledPart",
    "Unit",
    "Unwind",
    "WaitingThread",
    "announce_call",
    "begin_alike",
    "bodies_kept",
    "conflicts",
    "current_scope",
    "current_unit",
    "debugger_left",
    "duration",
    "explaining",
    "get_ident",
    "hide_ours",
    "infrastructure",
    "is_ours",
    "is_stdlib",
    "observed",
    "put_in_place",
    "random_state",
    "real_lock",
    "records_read",
    "restore_random",
    "set_scope",
    "short_path",
    "take_away",
    "threads_left",
    "threads_started",
    "touches_of",
    "traceback_of",
    "unrecorded",
    "without_ours",
]
