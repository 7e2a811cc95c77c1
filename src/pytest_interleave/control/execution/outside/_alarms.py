"""Signals that come from outside: their handlers may do what a controlled thread waits for."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

from ...identity._written import in_scope
from ..units._part import Part

if TYPE_CHECKING:
    from .._execution import Execution

if sys.platform != "win32" and hasattr(signal, "getitimer") and hasattr(signal, "SIGALRM"):

    def seconds_to_alarm() -> float:
        """Return the real seconds until a timer's signal comes; 0 if none will, or if no code in scope handles it.

        A time limit of the test runner does not count, as its handler is not in scope.
        """
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        if left == 0:
            return left
        handler: Any = signal.getsignal(signal.SIGALRM)
        return left if in_scope(getattr(handler, "__wrapped__", handler)) else 0

else:

    def seconds_to_alarm() -> float:
        """Return 0: there are no such timers."""
        return 0


def handles_signals() -> bool:
    """Whether code in scope handles a signal that another process may send, or that says that one has ended."""
    handlers: list[Any] = [signal.getsignal(number) for number in signal.valid_signals()]
    return any(callable(handler) and in_scope(getattr(handler, "__wrapped__", handler)) for handler in handlers)


class Alarm(Part):
    """The next signal of the program's own timer, in the virtual time of one execution."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution)
        self._due = 0.0
        self._left = 0.0

    def is_due(self) -> bool:
        """Whether the signal comes before the next wait ends.

        Most alarms are time limits that never strike: waits that end before are not concerned.
        """
        left = seconds_to_alarm()
        if left > self._left:
            # The timer was set, or set again.
            self._due = self.execution.clock.elapsed + left * 1e9
        self._left = left
        if left <= 0:
            return False
        first = self.execution.timers.earliest(daemons=True)
        return first is None or (first.deadline or 0) >= self._due
