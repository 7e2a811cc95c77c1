"""Reasons to end an execution before its test has ended."""

from __future__ import annotations

from typing import Final, Literal

Ending = Literal["deadlock", "livelock", "timeout"]

#: No thread can continue.
DEADLOCK: Final = "deadlock"
#: Threads run without any progress.
LIVELOCK: Final = "livelock"
#: The execution takes too long; whether it would end is not known.
TIMEOUT: Final = "timeout"
