"""Virtual time of one execution: it moves when every controlled thread waits, and a little whenever one looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...interpreter._real_clocks import (
    MONOTONIC_CLOCK,
    REAL,
    WALL_CLOCK,
    real_monotonic_ns,
    real_perf_counter_ns,
    real_time_ns,
)
from ..units import _current

if TYPE_CHECKING:
    from ._reader import Reader

#: In nanoseconds, which the clock counts.
SECOND = 1_000_000_000
#: Nanoseconds by which the clock goes on at each look, so that no two looks see the same: several times the precision
#: of `time.time()`, and that of `datetime`.
TICK = 1_013

#: Nanoseconds by which a wait is longer than asked for, for the same reason.
_SLACK = 1_000


class Clock:
    """The virtual clock of one execution, in nanoseconds; it begins at the real time."""

    __slots__ = (
        "_bases", "chosen", "elapsed", "monotonic_base", "perf_base", "readers", "readings", "real", "wall_base",
    )  # fmt: skip

    def __init__(self) -> None:
        self.monotonic_base = real_monotonic_ns()
        self.perf_base = real_perf_counter_ns()
        self.wall_base = real_time_ns()
        #: What other clocks of `clock_gettime` showed when this one was at 0.
        self._bases: dict[int, int] = {}
        self.elapsed = 0
        #: How much of that has passed as a choice of the strategy.
        self.chosen = 0
        #: Whether some of that is time that threads have really waited, or computed for.
        self.real = False
        #: The threads that have looked at it, by their index, and how often all of them have.
        self.readers: dict[int, Reader] = {}
        self.readings = 0

    def monotonic_ns(self) -> int:
        """The virtual `time.monotonic_ns()`."""
        return self.monotonic_base + self.elapsed

    def perf_counter_ns(self) -> int:
        """The virtual `time.perf_counter_ns()`."""
        return self.perf_base + self.elapsed

    def time_ns(self) -> int:
        """The virtual `time.time_ns()`."""
        return self.wall_base + self.elapsed

    def clock_ns(self, clock_id: int) -> int:
        """The virtual `time.clock_gettime_ns(clock_id)`."""
        if clock_id == WALL_CLOCK:
            return self.time_ns()
        if clock_id == MONOTONIC_CLOCK:
            return self.monotonic_ns()
        base = self._bases.get(clock_id)
        if base is None:
            since = real_monotonic_ns() - self.monotonic_base
            base = self._bases[clock_id] = int(REAL["clock_gettime_ns"](clock_id)) - since
        return base + self.elapsed

    def deadline(self, seconds: float) -> int:
        """The moment `seconds` from now, and a little more, as with real clocks.

        So the difference of two readings is never less than was waited for, however floating point rounds.
        """
        unit = _current.current_unit()
        if unit is not None and unit.outside and unit.execution.closing is None:
            # Now is when it has come back.
            unit.execution.outside.come_back(unit)
        return self.elapsed if seconds <= 0 else self.elapsed + round(seconds * 1e9) + _SLACK

    def advance_to(self, moment: int) -> None:
        """Move on to `moment`; the clock never goes back."""
        self.elapsed = max(self.elapsed, moment)
