"""The units that are controlled now, by the OS threads that run them; imported on every path, so it is light."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...scope._observed import observed
from ...scope._or_none import OrNone
from ...scope._real import get_ident

if TYPE_CHECKING:
    from .._execution import Execution
    from ._units import Unit

#: Units by OS thread identifier; None for a thread that is not controlled.
units: OrNone[int, Unit] = observed


class State:
    """The state of the plugin in this process: what it has in place."""

    def __init__(self) -> None:
        #: Whether our primitives stand in for the real ones.
        self.stand_ins = False
        #: Whether fixtures of a marked test are being made: then every primitive takes part, whatever code makes it.
        self.making_fixtures = False
        #: The hook for exceptions in threads that was in place when the test began, and is not the program's own.
        self.excepthook: Callable[..., Any] | None = None
        #: Undoes, in a child process, what is in place for a test; set while a test is under control.
        self.undo_in_child: Callable[[], None] | None = None


state = State()

#: Identifiers of the test runner's own threads; they never do anything that a test waits for.
infrastructure: set[int] = set()


def current_unit() -> Unit | None:
    """Return the unit of the calling thread, or None if the thread is not controlled."""
    return units[get_ident()]


def running_execution() -> Execution:
    """Return the execution that controls the calling thread."""
    unit = current_unit()
    assert unit is not None
    return unit.execution


def threads_started() -> int:
    """Return the number of threads that the calling thread's execution has controlled so far."""
    return len(running_execution().units)


def threads_left() -> bool:
    """Whether any controlled thread besides the calling one has not ended."""
    unit = current_unit()
    assert unit is not None
    return any(not other.done for other in unit.execution.units if other is not unit)
