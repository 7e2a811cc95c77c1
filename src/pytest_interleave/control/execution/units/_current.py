"""What is under control now: the units by the OS threads that run them. Imported on every path: light."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...scope._observed import observed
from ...scope._or_none import OrNone
from ...scope._real import get_ident

if TYPE_CHECKING:
    from .._execution import Execution
    from ._units import Unit

#: Controlled threads by OS thread identifier. For a thread that is not under control it gives None.
units: OrNone[int, Unit] = observed


class State:
    """What the plugin has in place in this process, and for whom."""

    def __init__(self) -> None:
        #: Whether our primitives stand in for the real ones.
        self.stand_ins = False
        #: Whether fixtures of a marked test are being made: then every primitive takes part, whoever makes it.
        self.making_fixtures = False
        #: The hook for exceptions in threads that was in place when the test began: not the program's own.
        self.excepthook: Callable[..., Any] | None = None
        #: What a child process has to undo: set while a test is under control.
        self.undo_in_child: Callable[[], None] | None = None


state = State()

#: Identifiers of the test runner's own threads; they never do anything that a test waits for.
infrastructure: set[int] = set()


def current_unit() -> Unit | None:
    """The controlled thread that calls, or None for a thread that is not under control."""
    return units[get_ident()]


def running_execution() -> Execution:
    """The execution that the calling thread is controlled by."""
    unit = current_unit()
    assert unit is not None
    return unit.execution


def threads_started() -> int:
    """How many threads the calling thread's execution has controlled so far."""
    return len(running_execution().units)


def threads_left() -> bool:
    """Whether there are controlled threads besides the calling one that have not ended."""
    unit = current_unit()
    assert unit is not None
    return any(not other.done for other in unit.execution.units if other is not unit)
