"""Timers of the program that send it a signal: their handlers may do what a controlled thread waits for."""

from __future__ import annotations

import signal
import sys
from typing import Any

from ...identity._written import in_scope

if sys.platform != "win32" and hasattr(signal, "getitimer") and hasattr(signal, "SIGALRM"):

    def has_alarm() -> bool:
        """Whether a timer runs whose signal is handled by code in scope, not by a time limit of the test runner."""
        if signal.getitimer(signal.ITIMER_REAL)[0] == 0:
            return False
        handler: Any = signal.getsignal(signal.SIGALRM)
        return in_scope(getattr(handler, "__wrapped__", handler))

else:

    def has_alarm() -> bool:
        """Return False: there are no such timers."""
        return False
