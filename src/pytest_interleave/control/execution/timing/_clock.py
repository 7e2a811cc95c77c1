"""The virtual clock of one execution: it advances when all controlled threads wait, and a little at each reading."""

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
from ._turns import Turns

if TYPE_CHECKING:
    from ._reader import Reader

#: Nanoseconds in a second; the clock counts nanoseconds.
SECOND = 1_000_000_000
#: Nanoseconds by which the clock advances at each reading, so that no two readings are the same: several times the
#: precision of `time.time()`, and that of `datetime`.
TICK = 1_013

#: Nanoseconds by which a wait is longer than requested, for the same reason.
_SLACK = 1_000


class Clock:
    """The virtual clock of one execution, in nanoseconds; it begins at the real time."""

    __slots__ = (
        "_bases", "chosen", "elapsed", "monotonic_base", "perf_base", "readers", "readings", "real", "turns",
        "wall_base",
    )  # fmt: skip

    def __init__(self) -> None:
        self.monotonic_base = real_monotonic_ns()
        self.perf_base = real_perf_counter_ns()
        self.wall_base = real_time_ns()
        #: What the other clocks of `clock_gettime` showed when this one was at 0.
        self._bases: dict[int, int] = {}
        self.elapsed = 0
        #: How many of these nanoseconds have passed as a choice of the strategy.
        self.chosen = 0
        #: Whether some of them are time that threads have really waited, or computed.
        self.real = False
        #: The threads that have read the clock, by their index, and the number of all readings.
        self.readers: dict[int, Reader] = {}
        self.readings = 0
        self.turns = Turns()

    def monotonic_ns(self) -> int:
        """Return the virtual `time.monotonic_ns()`."""
        return self.monotonic_base + self.elapsed

    def perf_counter_ns(self) -> int:
        """Return the virtual `time.perf_counter_ns()`."""
        return self.perf_base + self.elapsed

    def time_ns(self) -> int:
        """Return the virtual `time.time_ns()`."""
        return self.wall_base + self.elapsed

    def clock_ns(self, clock_id: int) -> int:
        """Return the virtual `time.clock_gettime_ns(clock_id)`."""
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
        """Return the virtual time `seconds` from now, and a little more, as with real clocks.

        So the difference of two readings is never less than the wait, however floating point rounds.
        """
        unit = _current.current_unit()
        if unit is not None and unit.outside and unit.execution.closing is None:
            # For a thread that was outside, now is the moment at which it has come back.
            unit.execution.outside.come_back(unit)
        return self.elapsed if seconds <= 0 else self.elapsed + round(seconds * 1e9) + _SLACK

    def advance_to(self, moment: int) -> None:
        """Advance the clock to `moment`; it never goes back."""
        self.elapsed = max(self.elapsed, moment)
