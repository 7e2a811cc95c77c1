"""What is under control now: the controlled threads by identifier, and the scope. Imported on every path: light."""

from __future__ import annotations

import _thread
import sys
from typing import TYPE_CHECKING, Any

from ...scope._or_none import OrNone

if TYPE_CHECKING:
    from ...scope._scope import Scope
    from .._execution import Execution
    from ._units import Task

#: Controlled threads by OS thread identifier. For a thread that is not under control it gives None.
tasks: OrNone[int, Task] = OrNone()

get_ident = _thread.get_ident
#: The real lock, whatever `_thread.allocate_lock` stands for while the plugin is in place.
real_lock = _thread.allocate_lock

#: Identifiers of the test runner's own threads; they never do anything that a test waits for.
infrastructure: set[int] = set()

#: The scope of this process; set once, when the plugin takes hold.
scope: Scope


def new_gate() -> _thread.LockType:
    """A closed gate: who comes to it waits until somebody else opens it."""
    gate = real_lock()
    gate.acquire()
    return gate


def current_task() -> Task | None:
    """The controlled thread that calls, or None for a thread that is not under control."""
    return tasks[get_ident()]


def running_execution() -> Execution:
    """The execution that the calling thread is controlled by."""
    task = current_task()
    assert task is not None
    return task.execution


def threads_started() -> int:
    """How many threads the calling thread's execution has controlled so far."""
    return len(running_execution().tasks)


def threads_left() -> bool:
    """Whether there are controlled threads besides the calling one that have not ended."""
    task = current_task()
    assert task is not None
    return any(not other.done for other in task.execution.tasks if other is not task)


def set_scope(new: Scope) -> None:
    """Make `new` the scope of this process."""
    global scope
    scope = new


class _Unobserved:
    """See `unobserved`."""

    __slots__ = ("_ident", "_task", "_trace")

    _trace: Any

    def __enter__(self) -> None:
        self._ident = get_ident()
        self._task = tasks.pop(self._ident, None)
        #: On 3.11, steps are seen by a trace function.
        self._trace = sys.gettrace() if self._task is not None and _BY_TRACING else None
        if self._trace is not None:
            sys.settrace(None)

    def __exit__(self, *_: object) -> None:
        if self._trace is not None:
            # A tool that measures coverage counts calls and returns: it has seen the call of `__enter__`, but no
            # return, and is to see a return from here, whose call it has not seen.
            sys._getframe().f_trace = self._trace
            sys.settrace(self._trace)
        if self._task is not None:
            tasks[self._ident] = self._task


def unobserved() -> _Unobserved:
    """While entered, what the calling thread does is no step of its: the standard library may be in scope itself."""
    return _Unobserved()


_BY_TRACING = sys.version_info < (3, 12)
