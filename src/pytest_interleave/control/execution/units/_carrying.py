"""The interface between an execution and what carries its units: OS threads now; event loops can stand beside them."""

from __future__ import annotations

import threading
from _thread import LockType
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ...steps._operations import Operation
    from .._execution import Execution
    from ._units import Unit


class Half(Protocol):
    """The half of a unit that runs: an OS thread, or what an event loop runs in one."""

    #: Closed while the unit does not run.
    gate: LockType
    #: The identifiers of the OS thread: Python's and the operating system's.
    ident: int
    native_id: int | None
    #: The code of the unit; None if it is the code that has started the execution.
    target: Callable[[], object] | None
    #: The thread of `threading` that it is, if any, and the operation that has started it.
    thread: threading.Thread | None
    started: Operation | None
    #: An exception that the unit's own code caught and keeps so that another unit raises it.
    caught: BaseException | None

    def report(self, error: BaseException) -> None:
        """Report what the code raised when it was no longer controlled, in the same way as the interpreter."""


class Carriers(Protocol):
    """The interface of an object that gives units what carries them."""

    #: A stand-in for no unit at all: handing over to it wakes the watchdog.
    no_unit: Unit

    def assign(self, unit: Unit, target: Callable[[], object], thread: threading.Thread | None) -> None:
        """Give `unit` the half that runs `target` and waits at its gate."""

    def take_over(self, unit: Unit, frame: FrameType) -> None:
        """Observe the functions that the calling thread is in, from `frame` on: it is controlled from now on."""

    def let_go(self, unit: Unit, frame: FrameType) -> None:
        """Stop observing the calling thread, which is no longer controlled."""

    def watch_calls(self, ident: int, called: Callable[[Any], None]) -> bool:
        """Report what code in scope calls in the calling thread; return False if that is not possible."""

    def unwatch_calls(self, ident: int) -> None:
        """Stop reporting calls; may be called in any thread."""


class LastingThreads(Protocol):
    """The interface to the threads that are older than an execution, or outlive it."""

    #: Real nanoseconds that executions have waited without result for threads that are not controlled.
    waited_in_vain: int

    def matters(self, ident: int) -> bool:
        """Whether the thread may do something that the test waits for."""

    def idle(self, execution: Execution) -> int:
        """Return the number of threads that were there before and have done nothing in the execution."""

    def keep(self, execution: Execution) -> None:
        """Decide which threads continue after the execution."""

    def settle(self, execution: Execution) -> None:
        """Decide that again when the execution has ended."""

    def let_go(self, execution: Execution) -> None:
        """Let the threads that continue leave the execution."""
