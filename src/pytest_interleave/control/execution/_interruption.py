"""Interruptions by a signal: its handler runs in the main thread, which does not have its turn at that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..scope._real import real_lock

if TYPE_CHECKING:
    from ._execution import Execution
    from .units._units import Unit

#: Real seconds that the running thread has to reach a scheduling point when the execution is interrupted; after that,
#: the handler runs although the thread does, too.
INTERRUPTED_PATIENCE = 0.2

#: Held while it is decided whether a thread stops for the main one.
_stopping = real_lock()


def stop_for(execution: Execution, main: Unit) -> bool:
    """Let the main thread, which waits for its turn, run now to handle a signal; return whether it can.

    Called in the main thread. The running thread hands over at its next scheduling point, because it may be in the
    middle of a switch.
    """
    execution.stopped = None
    execution.interrupted = True
    for unit in execution.units:
        unit.special = True
    if main.half.gate.acquire(timeout=INTERRUPTED_PATIENCE):
        return True
    with _stopping:
        if main.half.gate.acquire(blocking=False):
            return True
        execution.interrupted = False
        return False


def go_on_after(execution: Execution, main: Unit) -> None:
    """Let the thread that ran before a signal continue, after the main thread has handled the signal.

    Called in the main thread, which waits for its turn again.
    """
    execution.interrupted = False
    for unit in execution.units:
        unit.settle()
    stopped, execution.stopped = execution.stopped, None
    if stopped is None:
        # It was the main thread's turn anyway.
        main.half.gate.release()
    else:
        execution.hand_over(stopped)


def give_way_to_main(execution: Execution, unit: Unit) -> None:
    with _stopping:
        if not execution.interrupted:
            # The main thread does not wait for it any more.
            return
        execution.stopped = unit
        execution.hand_over(execution.main)
    execution.park(unit)
