"""Virtual time: it moves only when every controlled thread waits."""

from __future__ import annotations

import functools
from collections.abc import Callable

from ._time import REAL

#: Wrapped, because a library that freezes time replaces these functions wherever a module has them by name; what is
#: measured by these must go on.
_real_monotonic_ns: Callable[[], int] = functools.partial(REAL["monotonic_ns"])
real_seconds: Callable[[], float] = functools.partial(REAL["perf_counter"])
#: Not wrapped: where time is frozen, virtual time begins there.
_real_time_ns: Callable[[], int] = REAL["time_ns"]

#: Clock readings in a row, without anything else done, after which a thread counts as polling the clock.
POLLING_READS = 20

#: Nanoseconds by which a wait is longer than asked for: several times the precision of `time.time()`.
_SLACK = 1_000


class Clock:
    """The virtual clock of one execution, in nanoseconds; it begins at the real time."""

    __slots__ = ("elapsed", "leap", "monotonic_base", "wall_base")

    def __init__(self) -> None:
        self.monotonic_base = _real_monotonic_ns()
        self.wall_base = _real_time_ns()
        self.elapsed = 0
        self.leap = 1_000

    def monotonic_ns(self) -> int:
        """The virtual `time.monotonic_ns()`, also for `perf_counter_ns()`."""
        return self.monotonic_base + self.elapsed

    def time_ns(self) -> int:
        """The virtual `time.time_ns()`."""
        return self.wall_base + self.elapsed

    def deadline(self, seconds: float) -> int:
        """The moment `seconds` from now, and a little more, as with real clocks.

        So the difference of two readings is never less than was waited for, however floating point rounds.
        """
        return self.elapsed if seconds <= 0 else self.elapsed + round(seconds * 1e9) + _SLACK

    def advance_to(self, moment: int) -> None:
        """Move on to `moment`; the clock never goes back."""
        self.elapsed = max(self.elapsed, moment)

    def leap_ahead(self, limit: int | None) -> None:
        """Move on for a thread that does nothing but look at the clock: in growing leaps, not past `limit`."""
        self.leap = min(self.leap * 2, 3_600_000_000_000)
        target = self.elapsed + self.leap
        self.advance_to(target if limit is None else min(limit, target))
