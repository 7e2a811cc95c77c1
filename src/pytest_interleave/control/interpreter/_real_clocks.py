"""Clocks that nothing replaces or changes: copies of the functions of the module `time`."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..scope._real import OF_TIME
from ._redirected import copy_of

_NAMES = (
    "sleep", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "clock_gettime",
    "clock_gettime_ns",
)  # fmt: skip

#: The real functions by name.
REAL: dict[str, Callable[..., float]] = {name: copy_of(time, OF_TIME[name]) for name in _NAMES if name in OF_TIME}

#: The clocks that `clock_gettime` is mostly asked for, by their numbers. Windows has neither these clocks nor that
#: function.
WALL_CLOCK: int | None = getattr(time, "CLOCK_REALTIME", None)
MONOTONIC_CLOCK: int | None = getattr(time, "CLOCK_MONOTONIC", None)

real_monotonic_ns: Callable[[], int] = REAL["monotonic_ns"]  # type: ignore[assignment]
real_time_ns: Callable[[], int] = REAL["time_ns"]  # type: ignore[assignment]
real_perf_counter_ns: Callable[[], int] = REAL["perf_counter_ns"]  # type: ignore[assignment]
#: Returns seconds, to measure how long something takes.
real_seconds: Callable[[], float] = REAL["perf_counter"]
