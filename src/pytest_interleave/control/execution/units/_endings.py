"""Why an execution can be ended before its test has ended."""

from __future__ import annotations

from typing import Final, Literal

Ending = Literal["deadlock", "livelock", "timeout"]

#: No thread can go on.
DEADLOCK: Final = "deadlock"
#: Threads go on without any progress.
LIVELOCK: Final = "livelock"
#: It takes too long; whether it would end is not known.
TIMEOUT: Final = "timeout"
