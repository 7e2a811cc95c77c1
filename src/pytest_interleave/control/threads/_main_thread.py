"""The test's own thread in an execution: it runs the body, then lets the other threads finish, then ends them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from ..execution._execution import Execution
from ..execution._unit_lives import note_unseen
from ..execution.outside._blocked_at_end import left_blocked, stuck_of_left
from ..execution.units import _current
from ..execution.units._outcome import Outcome, SetAside
from ..execution.units._units import Unit
from ..execution.units._unwind import Unwind
from ..interpreter._async_raise import arrive
from ..interpreter._other_threads import frames_of_others
from ..scope import _real
from ..scope._places import user_place
from ..scope._real import new_gate
from ..scope._tracebacks import without_ours
from ._thread_half import ThreadHalf

#: At most this many steps of threads after the test body has ended; then the threads are ended.
DRAIN_STEPS = 2_000


def run_body(execution: Execution, body: Callable[[], object], trace: Callable[[Unit], None] | None = None) -> Outcome:
    """Run `body` in the calling thread under control, then every thread that it left, and end them all.

    Returns the result of the execution. `trace` starts the observation of the thread.
    """
    main = execution.main
    main.half = ThreadHalf(_real.get_ident(), threading.get_native_id(), new_gate())
    main.begun = True
    execution.running = main
    execution.base = run_body.__code__
    execution.enabled.add(main)
    _current.units[main.half.ident] = main
    try:
        if trace is not None:
            trace(main)
        try:
            try:
                body()
            finally:
                execution.outside.end_body()
                if execution.closing is not None:
                    arrive()
        except Unwind as unwinding:
            main.unwound = True
            main.exception = unwinding.with_traceback(without_ours(unwinding.__traceback__))
        except BaseException as error:
            main.exception = error.with_traceback(without_ours(error.__traceback__))
    finally:
        execution.progress.stop()
        if trace is not None:
            if sys.gettrace() is None:
                note_unseen(execution, main)
            sys.settrace(None)
        try:
            _finish(execution)
        finally:
            execution.over = True
            execution.lasting.let_go(execution)
            del _current.units[main.half.ident]
            for unit in execution.units:
                if unit.resource is not None:
                    # The resource may outlive the execution; a thread that was ended while waiting for it no longer
                    # does.
                    unit.withdraw()
    outcome = Outcome.of(execution)
    if execution.closing is None:
        execution.free()
    return outcome


def _finish(execution: Execution) -> None:
    main = execution.main
    # This comes before the check whether it was set aside: from now on it cannot be.
    execution.body_over = True
    if main.outside and execution.closing is None:
        execution.outside.come_back(main)
    main.done = True
    if execution.closing is None:
        if _all_done(execution):
            execution.enabled.clear()
            return
        execution.lasting.keep(execution)
        execution.enabled.refresh(main)
        try:
            _drain(execution)
        except BaseException as error:
            # A signal handler has ended the execution meanwhile.
            if execution.closing is None:
                raise
            main.exception = error
        execution.lasting.settle(execution)
        # The other threads may have closed it meanwhile.
        closed: object = execution.closing
        if closed is None:
            if _all_done(execution):
                return
            _note_left(execution)
            execution.close()
    assert execution.closing is not None
    execution.closing.finish_main(main)


def _note_left(execution: Execution) -> None:
    """Note the threads that are still blocked; those that nothing can wake would keep Python from exiting."""
    blocked, forever = left_blocked(execution)
    if blocked and forever:
        execution.stuck = stuck_of_left(execution, blocked)
    elif blocked:
        frames = frames_of_others()
        execution.left = [SetAside(unit.name, user_place(frames.get(unit.half.ident))) for unit in blocked]


def _all_done(execution: Execution) -> bool:
    for unit in execution.units:  # noqa: SIM110 - a generator costs more than all the rest of this
        if not (unit.done or (unit.lasting and not unit.enabled)):
            return False
    return True


def _drain(execution: Execution) -> None:
    """Let the other threads finish what they can still do without the test's own thread."""
    main = execution.main
    execution.enabled.withhold()
    execution.enabled.drop(main)
    execution.draining = True
    execution.bound = min(execution.bound, len(execution.log) + DRAIN_STEPS)
    chosen = execution.next_unit()
    if chosen is not None and chosen is not main:
        execution.hand_over(chosen)
        execution.park(main)
