"""The clock and `sleep` as controlled threads see them; all other threads see the real ones."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from . import _current
from ._operations import Operation

_current_task = _current.current_task

#: The real functions: this module is imported before any of them is replaced.
REAL: dict[str, Callable[..., Any]] = {
    name: getattr(time, name)
    for name in ("sleep", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
}
_real_sleep = REAL["sleep"]


def sleep(seconds: float, /) -> None:
    """See `time.sleep`."""
    task = _current_task()
    if task is None:
        _real_sleep(seconds)
        return
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    frame = sys._getframe(1)
    operation = Operation("sleep", task, frame.f_code, frame.f_lasti)
    task.execution.timers.sleep(task, operation, seconds)


sleep.__module__ = "time"


def _reader(real: Callable[[], Any], base: str, divisor: float | None) -> Callable[[], Any]:
    def read() -> Any:
        task = _current_task()
        if task is None:
            return real()
        task.execution.timers.read_clock(task)
        value = getattr(task.execution.clock, base)()
        return value if divisor is None else value / divisor

    read.__name__ = real.__name__
    read.__qualname__ = real.__qualname__
    read.__doc__ = real.__doc__
    # Pickled by its name, as the real one is.
    read.__module__ = "time"
    return read


def virtual_timestamp() -> float | None:
    """Seconds since the epoch as the calling controlled thread sees them; None where it is not one."""
    task = _current_task()
    if task is None:
        return None
    task.execution.timers.read_clock(task)
    return task.execution.clock.time_ns() / 1e9


#: What stands in for what: (module, name, replacement).
REPLACEMENTS: list[tuple[Any, str, Any]] = [
    (time, "sleep", sleep),
    (time, "time", _reader(time.time, "time_ns", 1e9)),
    (time, "time_ns", _reader(time.time_ns, "time_ns", None)),
    (time, "monotonic", _reader(time.monotonic, "monotonic_ns", 1e9)),
    (time, "monotonic_ns", _reader(time.monotonic_ns, "monotonic_ns", None)),
    (time, "perf_counter", _reader(time.perf_counter, "monotonic_ns", 1e9)),
    (time, "perf_counter_ns", _reader(time.perf_counter_ns, "monotonic_ns", None)),
]
