"""Timers of the program that send it a signal: their handlers may do what a controlled thread waits for."""

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


class Alarm:
    """The moment, in the virtual time of one execution, at which the signal of the program's timer is due."""

    __slots__ = ("_due", "_left")

    def __init__(self) -> None:
        self._due = 0.0
        self._left = 0.0

    def due(self, elapsed: int) -> float | None:
        """Return the moment; None if no signal will come. It and the time `elapsed` so far are in nanoseconds."""
        left = seconds_to_alarm()
        if left > self._left:
            # The timer was set, or set again.
            self._due = elapsed + left * 1e9
        self._left = left
        return self._due if left > 0 else None
