"""Ends executions that cannot go on, or that are not to go on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ._endings import DEADLOCK, LIVELOCK, TIMEOUT, Ending
from ._waits import stuck_of

if TYPE_CHECKING:
    from .._execution import Execution
    from ._units import Unit


def end_stuck(execution: Execution, unit: Unit, kind: Ending, cycle: list[Unit], **more: Any) -> None:
    """The execution cannot go on. The calling thread is among those to be ended."""
    execution.stuck = stuck_of(execution, kind, cycle, **more)
    execution.close()
    assert execution.closing is not None
    execution.closing.begin_from(unit)


def end_stuck_from_outside(execution: Execution) -> None:
    """The execution cannot go on, and the calling thread is not one of those to be ended."""
    _end_from_outside(execution, DEADLOCK)


def _end_from_outside(execution: Execution, kind: Ending, **more: Any) -> None:
    execution.stuck = stuck_of(execution, kind, [], **more)
    execution.close()
    assert execution.closing is not None
    execution.closing.next_victim()


def end_as_livelock(execution: Execution, unit: Unit, *, counts: bool = False) -> None:
    """No thread gets anywhere, nor ever will; the calling one is among those to be ended.

    With `counts`, they do nothing but to count.
    """
    if execution.draining:
        end_draining(execution, unit)
    else:
        end_stuck(execution, unit, LIVELOCK, [], counts=counts)


def end_as_endless(execution: Execution, unit: Unit) -> None:
    """The execution takes too long; nothing is known of whether it would end."""
    end_stuck(execution, unit, TIMEOUT, [], seconds=execution.longest)


def end_as_endless_from_outside(execution: Execution) -> None:
    """The same in the watchdog: a thread that is outside computes for too long."""
    _end_from_outside(execution, TIMEOUT, seconds=execution.longest)


def end_draining(execution: Execution, unit: Unit) -> None:
    """That was enough for threads that the test body has left behind."""
    execution.bound = sys.maxsize
    execution.hand_over(execution.main)
    execution.park(unit)
