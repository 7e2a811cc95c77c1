"""The clock and `sleep` as controlled threads see them; all other threads see the real ones.

All functions of the module `time` that return the time show the same virtual clock. If a library that freezes time or
travels in it has changed a function below ours, a controlled thread sees what that library shows.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..execution.units import _current
from ..interpreter._real_clocks import WALL_CLOCK
from ..interpreter._redirected import Replacement, lead_to
from ..scope import _real
from ..steps._kinds import SLEEP
from ..steps._operations import Operation
from . import _travel

if TYPE_CHECKING:
    from ..execution.timing._clock import Clock
    from ..execution.units._units import Unit
    from ..interpreter._function_objects import Redirection

_current_unit = _current.current_unit

#: Stand-ins for functions of `time` while a test is under control, by name.
STAND_INS: dict[str, Redirection | Replacement] = {}


def put_in_place() -> Callable[[], None]:
    """Let controlled threads see virtual time; return a function that undoes it."""
    for stand_in in STAND_INS.values():
        stand_in.put()

    def take_out() -> None:
        for stand_in in STAND_INS.values():
            stand_in.take_out()

    return take_out


def _sleep(_owner: Any, seconds: float, /) -> None:
    """See `time.sleep`."""
    unit = _current_unit()
    if unit is None:
        STAND_INS["sleep"].below(seconds)
        return
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    frame = sys._getframe(1)
    execution = unit.execution
    if frame.f_globals.get("__name__") in _WAIT_FOR_PROCESSES:
        execution.outside.sleep_really(unit, seconds)
        return
    operation = Operation(SLEEP, unit, frame.f_code, frame.f_lasti)
    execution.timers.sleep(unit, operation, seconds)


#: Modules that sleep while they wait for another process, which takes real time.
_WAIT_FOR_PROCESSES = frozenset(("subprocess",))


def _looking(unit: Unit, frame: FrameType) -> Clock:
    """Return the clock of a thread's execution, after a reading by the thread."""
    unit.execution.timers.read_clock(unit, frame)
    return unit.execution.clock


def _reading(name: str, base: str, divisor: float | None) -> Callable[..., Any]:
    """Return a stand-in that returns the time in nanoseconds, or in units of `divisor` nanoseconds."""

    def read(_owner: Any, /) -> Any:
        unit = _current_unit()
        if unit is None:
            return STAND_INS[name].below()
        clock = _looking(unit, sys._getframe(1))
        if _travel.travellers and STAND_INS[name].changed_below:
            return STAND_INS[name].below()
        value = getattr(clock, base)()
        return value if divisor is None else value / divisor

    return read


def _reading_of_id(name: str, divisor: float | None) -> Callable[..., Any]:
    """Return a stand-in that returns the time of the clock that it is given; processors' clocks stay real."""

    def read(_owner: Any, clock_id: int, /) -> Any:
        unit = _current_unit()
        if unit is None or clock_id not in _SHARED_CLOCKS:
            return STAND_INS[name].below(clock_id)
        clock = _looking(unit, sys._getframe(1))
        if clock_id == WALL_CLOCK and _travel.travellers and STAND_INS[name].changed_below:
            return STAND_INS[name].below(clock_id)
        value = clock.clock_ns(clock_id)
        return value if divisor is None else value / divisor

    return read


def _converting(name: str, position: int, convert: Callable[..., Any], *, none: bool = False) -> Callable[..., Any]:
    """Return a stand-in that takes a time as its argument at `position`, and the present time if it gets none.

    `convert` does the same with seconds. With `none`, the argument None counts as no argument.
    """

    def take(_owner: Any, /, *given: Any) -> Any:
        unit = _current_unit()
        missing = len(given) == position or (none and given == (None,))
        if unit is None or not missing:
            return STAND_INS[name].below(*given)
        clock = _looking(unit, sys._getframe(1))
        if _travel.travellers and STAND_INS[name].changed_below:
            return STAND_INS[name].below(*given)
        return convert(*given[:position], clock.time_ns() // 1_000_000_000)

    return take


#: The clocks that `clock_gettime` knows and that advance while nothing is computed.
_SHARED_CLOCKS = frozenset(
    getattr(time, name)
    for name in (
        "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_MONOTONIC_RAW_APPROX", "CLOCK_BOOTTIME",
        "CLOCK_TAI", "CLOCK_HIGHRES", "CLOCK_UPTIME", "CLOCK_UPTIME_RAW", "CLOCK_UPTIME_RAW_APPROX",
    )
    if hasattr(time, name)
)  # fmt: skip

_SECONDS, _NANOSECONDS = 1e9, None


def _answers() -> dict[str, Callable[..., Any]]:
    def real(name: str, *given: Any) -> Any:
        return STAND_INS[name].real(*given)

    return {
        "sleep": _sleep,
        "time": _reading("time", "time_ns", _SECONDS),
        "time_ns": _reading("time_ns", "time_ns", _NANOSECONDS),
        "monotonic": _reading("monotonic", "monotonic_ns", _SECONDS),
        "monotonic_ns": _reading("monotonic_ns", "monotonic_ns", _NANOSECONDS),
        "perf_counter": _reading("perf_counter", "perf_counter_ns", _SECONDS),
        "perf_counter_ns": _reading("perf_counter_ns", "perf_counter_ns", _NANOSECONDS),
        "clock_gettime": _reading_of_id("clock_gettime", _SECONDS),
        "clock_gettime_ns": _reading_of_id("clock_gettime_ns", _NANOSECONDS),
        "localtime": _converting("localtime", 0, lambda now: real("localtime", now), none=True),
        "gmtime": _converting("gmtime", 0, lambda now: real("gmtime", now), none=True),
        "ctime": _converting("ctime", 0, lambda now: real("ctime", now), none=True),
        "asctime": _converting("asctime", 0, lambda now: real("asctime", real("localtime", now))),
        "strftime": _converting("strftime", 1, lambda text, now: real("strftime", text, real("localtime", now))),
    }


STAND_INS.update(
    (name, lead_to(time, name, _real.OF_TIME[name], answer))
    for name, answer in _answers().items()
    if name in _real.OF_TIME
)
