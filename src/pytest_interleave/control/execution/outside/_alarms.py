"""Signals that come from outside: their handlers may do what a controlled thread waits for."""

from __future__ import annotations

import signal
import sys
from typing import Any

from ...identity._written import in_scope

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


class Alarm:
    """The moment, in the virtual time of one execution, at which the signal of the program's timer is due.

    Waits that end before are not concerned: most alarms are time limits that never strike.
    """

    __slots__ = ("_due", "_left")

    def __init__(self) -> None:
        self._due = 0.0
        self._left = 0.0

    def is_due(self, elapsed: int, until: int | None) -> bool:
        """Whether the signal comes before `until`; None is never. Both times are in virtual nanoseconds."""
        left = seconds_to_alarm()
        if left > self._left:
            # The timer was set, or set again.
            self._due = elapsed + left * 1e9
        self._left = left
        return left > 0 and (until is None or until >= self._due)
