"""Signals whose handlers would raise in the middle of the scheduler: they are held back until other code runs.

A time limit or Ctrl-C raises an exception in the main thread at any instruction. If that is one of ours, what it has
started stays half done: two threads run at once, or a lock is free that a thread still holds. So such a signal waits
until the main thread is in the test's code, or at its gate. The watchdog sends it again now and then. What still waits
when the execution is over is handled then.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from ..execution._execution import Execution
from ..execution._interruption import go_on_after, stop_for
from ..execution.timing import _real_waits
from ..execution.units._units import Unit
from ..identity._written import python_function
from ..interpreter._real_clocks import real_monotonic_ns
from ..scope import _current_scope, _observed, _real
from ..scope._places import is_ours

Handler = Callable[[int, FrameType | None], Any]

#: In this code the main thread waits for its turn; what a handler raises there ends the execution in good order.
_AT_THE_GATE = Execution.park.__code__
_WAITS = _real_waits.__file__

#: Nanoseconds within which a signal that the watchdog has sent may arrive; a later one is a new signal.
LATE = 500_000_000


class HeldSignals:
    """A layer in front of Python's signal handlers, while a test is run under control in the main thread."""

    def __init__(self) -> None:
        #: Handlers that wait to be called, by signal.
        self.pending: dict[int, Handler] = {}
        #: The main thread's unit in the execution that runs now; None between two executions.
        self.unit: Unit | None = None
        #: Whether the main thread is in a handler, rather than where it waits or in what it does in the test.
        self.handling = False
        self._handlers: dict[int, tuple[Handler, Handler]] = {}
        #: Whether a signal is being handled.
        self._busy = False
        #: Real time, in nanoseconds, when the watchdog has sent each of them again.
        self._sent: dict[int, int] = {}
        #: Held while a signal is sent again, so that none is sent when the execution is over.
        self._sending = _real.real_lock()
        self._main = 0
        #: The exception that has ended the execution, because it was raised while the thread waited for its turn.
        self._ended_by: BaseException | None = None
        #: The exception that was raised last in code of the test, with the signal and its handler.
        self._raised: tuple[BaseException, int, Handler] | None = None
        self._report_lost: Callable[[Any], object] = sys.unraisablehook

    def install(self) -> None:
        """Stand in front of all existing handlers; do nothing in any thread other than the main one."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._main = _real.get_ident()
        self._report_lost = sys.unraisablehook
        sys.unraisablehook = self._lost
        for number in range(1, signal.NSIG):
            handler: Any = signal.getsignal(number)
            if callable(handler):
                ours = self._before(handler)
                self._handlers[number] = handler, ours
                signal.signal(number, ours)

    def remove(self) -> None:
        """Put the handlers back, except those that have been replaced since."""
        while self._handlers:
            number, (handler, ours) = self._handlers.popitem()
            if signal.getsignal(number) is ours:
                signal.signal(number, handler)
        if sys.unraisablehook == self._lost:
            sys.unraisablehook = self._report_lost
        self._raised = None

    def end(self) -> None:
        """Note that the execution is over."""
        with self._sending:
            self.unit = None

    def settle(self) -> BaseException | None:
        """Call the handlers that wait, between two executions; return the exception that one of them has raised.

        This may also be an exception that ended the execution: it may have been lost, in a callback of a weak
        reference.
        """
        raised, self._ended_by = self._ended_by, None
        while self.pending:
            number, handler = self.pending.popitem()
            try:
                handler(number, None)
            except BaseException as error:
                raised = error
        return raised

    def send_again(self) -> None:
        """Send the signals that wait again, from the watchdog: the main thread may have reached other code by now."""
        with self._sending:
            for number in tuple(self.pending) if self.unit is not None else ():
                self._sent[number] = real_monotonic_ns()
                _send(self._main, number)

    def interrupt_call(self) -> None:
        """Interrupt the call of the operating system that the main thread is in, from the watchdog.

        An exception that waits for the thread is raised then. The program's handlers are not called.
        """
        with self._sending:
            number = next(iter(self._handlers), None)
            if self.unit is not None and number is not None and number not in self.pending:
                self._sent[number] = real_monotonic_ns()
                _send(self._main, number)

    def _lost(self, unraisable: Any) -> None:
        """Hold a signal again whose exception was lost, in `__del__` or in a callback of a weak reference.

        Nothing can raise an exception out of these.
        """
        error = unraisable.exc_value
        if error is not None and error is self._ended_by:
            return
        if self._raised is not None and error is self._raised[0]:
            _, number, handler = self._raised
            self.pending[number] = handler
            return
        self._report_lost(unraisable)

    def _before(self, handler: Handler) -> Handler:
        def held(number: int, frame: FrameType | None) -> Any:
            sent = real_monotonic_ns() - self._sent.pop(number, -LATE) < LATE
            if sent and number not in self.pending:
                # The handler was called just before the signal that the watchdog had sent arrived.
                return None
            if self._busy:
                # The signal has come while another one is handled.
                self.pending[number] = handler
                return None
            self._busy = True
            try:
                return self._deal_with(handler, number, frame)
            finally:
                self._busy = False

        # See `came_by_signal`.
        held.__wrapped__ = handler  # type: ignore[attr-defined]
        return held

    def _deal_with(self, handler: Handler, number: int, frame: FrameType | None) -> Any:
        unit = self.unit
        # What is interrupted between two executions ends the test; and some waits of the test are within our code.
        code = None if unit is None or unit.outside else _interrupted_code(frame)
        if code is not None and is_ours(code.co_filename) and code is not _AT_THE_GATE:
            self.pending[number] = handler
            return None
        self.pending.pop(number, None)
        if unit is not None and code is _AT_THE_GATE:
            return self._at_the_gate(unit, handler, number, frame)
        if _is_of_the_test(handler):
            return handler(number, frame)
        try:
            return self._without_control(handler, number, frame)
        except BaseException as error:
            self._raised = error, number, handler
            raise

    def _at_the_gate(self, main: Unit, handler: Handler, number: int, frame: FrameType | None) -> Any:
        """Stop the thread that runs, if possible, while the handler runs."""
        execution = main.execution
        # The main thread may have got its turn just now.
        stopped = execution.closing is None and execution.running is not main and stop_for(execution, main)
        try:
            answer = self._without_control(handler, number, frame)
        except BaseException as error:
            self._ended_by = error
            # Here, because the signal may have come before the first instruction at the gate, where nothing could catch
            # the exception.
            execution.close(interrupted=not stopped)
            raise
        if stopped:
            go_on_after(execution, main)
        return answer

    def _without_control(self, handler: Handler, number: int, frame: FrameType | None) -> Any:
        """Call the handler while another thread has its turn, or as something that the test does not know of."""
        self.handling = True
        try:
            with _observed.unobserved():
                return handler(number, frame)
        finally:
            self.handling = False


#: The held signals of this process.
held_signals = HeldSignals()


def _interrupted_code(frame: FrameType | None) -> CodeType | None:
    """Return the code that has been interrupted: the nearest that is the test's or ours; None if there is none."""
    holds_code = _current_scope.scope.holds_code
    while frame is not None:
        code: CodeType = frame.f_code
        if is_ours(code.co_filename):
            if code.co_filename != _WAITS:
                return code
        elif holds_code(code, frame.f_globals):
            return code
        frame = frame.f_back
    return None


def _is_of_the_test(handler: Any) -> bool:
    python = python_function(handler)
    return python is not None and _current_scope.scope.holds_code(python.__code__, python.__globals__)


if hasattr(signal, "pthread_kill"):
    # This interrupts a wait, too.
    _send = signal.pthread_kill
else:

    def _send(thread: int, number: int) -> None:  # noqa: ARG001
        _thread.interrupt_main(signal.Signals(number))
