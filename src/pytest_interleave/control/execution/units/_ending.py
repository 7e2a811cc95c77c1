"""The functions that end an execution that cannot continue, or is not to continue."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ._endings import DEADLOCK, LIVELOCK, TIMEOUT, Ending
from ._waits import is_blocked, stuck_of

if TYPE_CHECKING:
    from .._execution import Execution
    from ._units import Unit


def end_stuck(execution: Execution, unit: Unit, kind: Ending, cycle: list[Unit], **more: Any) -> None:
    """End an execution that cannot continue; the calling thread is among those to be ended."""
    execution.stuck = stuck_of(execution, kind, cycle, **more)
    execution.close()
    assert execution.closing is not None
    execution.closing.begin_from(unit)


def end_stuck_from_outside(execution: Execution) -> None:
    """End an execution that cannot continue; the calling thread is not among those to be ended."""
    _end_from_outside(execution, DEADLOCK)


def _end_from_outside(execution: Execution, kind: Ending, **more: Any) -> None:
    execution.stuck = stuck_of(execution, kind, [], **more)
    execution.close()
    assert execution.closing is not None
    execution.closing.next_victim()


def end_as_livelock(execution: Execution, unit: Unit, *, counts: bool = False) -> None:
    """End an execution in which no thread will ever make progress; the calling one is among those to be ended.

    `counts` says that the threads do nothing but count. If only daemon threads still run, as one that looks every
    second whether it is to stop, it is a deadlock of the others.
    """
    if execution.draining:
        end_draining(execution, unit)
    elif not counts and all(
        (is_blocked(other) and not other.outside) or other.daemon for other in execution.units if not other.done
    ):
        end_stuck(execution, unit, DEADLOCK, [])
    else:
        end_stuck(execution, unit, LIVELOCK, [], counts=counts)


def end_as_endless(execution: Execution, unit: Unit) -> None:
    """End an execution that takes too long; whether it would ever end is not known."""
    end_stuck(execution, unit, TIMEOUT, [], seconds=execution.longest)


def end_as_endless_from_outside(execution: Execution) -> None:
    """End an execution from the watchdog, because a thread that is outside computes for too long."""
    _end_from_outside(execution, TIMEOUT, seconds=execution.longest)


def end_draining(execution: Execution, unit: Unit) -> None:
    """Stop running threads that the test body has left behind: they have had enough time."""
    execution.bound = sys.maxsize
    execution.hand_over(execution.main)
    execution.park(unit)
