"""The clock and `sleep` as controlled threads see them; all other threads see the real ones."""

from __future__ import annotations

import datetime as _datetime
import sys
import time
from collections.abc import Callable
from typing import Any

from . import _current
from ._operations import Operation

_current_task = _current.current_task

_real_sleep = time.sleep


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
    return read


def _virtual_timestamp() -> float | None:
    task = _current_task()
    if task is None:
        return None
    task.execution.timers.read_clock(task)
    return task.execution.clock.time_ns() / 1e9


class _DateType(type):
    """Makes the stand-ins indistinguishable from the real classes in `isinstance` and `issubclass`."""

    def __instancecheck__(cls, instance: Any) -> bool:
        real = _REAL_OF.get(cls)
        return super().__instancecheck__(instance) if real is None else isinstance(instance, real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        real = _REAL_OF.get(cls)
        return super().__subclasscheck__(subclass) if real is None else issubclass(subclass, real)


class _Date(_datetime.date, metaclass=_DateType):
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _real_date(*args, **kwargs) if cls in _REAL_OF else super().__new__(cls, *args, **kwargs)

    @classmethod
    def today(cls) -> Any:
        now = _virtual_timestamp()
        return super().today() if now is None else cls.fromtimestamp(now)


class _DateTime(_datetime.datetime, metaclass=_DateType):
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _real_datetime(*args, **kwargs) if cls in _REAL_OF else super().__new__(cls, *args, **kwargs)

    @classmethod
    def now(cls, tz: _datetime.tzinfo | None = None) -> Any:
        now = _virtual_timestamp()
        return super().now(tz) if now is None else cls.fromtimestamp(now, tz)

    @classmethod
    def today(cls) -> Any:
        return cls.now()

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(_datetime.UTC).replace(tzinfo=None)


_real_date = _datetime.date
_real_datetime = _datetime.datetime
_REAL_OF: dict[type, type] = {_Date: _real_date, _DateTime: _real_datetime}
for _stand_in, _real in _REAL_OF.items():
    _stand_in.__name__ = _real.__name__
    _stand_in.__qualname__ = _real.__qualname__
    _stand_in.__module__ = "datetime"


#: What stands in for what: (module, name, replacement).
REPLACEMENTS: list[tuple[Any, str, Any]] = [
    (time, "sleep", sleep),
    (time, "time", _reader(time.time, "time_ns", 1e9)),
    (time, "time_ns", _reader(time.time_ns, "time_ns", None)),
    (time, "monotonic", _reader(time.monotonic, "monotonic_ns", 1e9)),
    (time, "monotonic_ns", _reader(time.monotonic_ns, "monotonic_ns", None)),
    (time, "perf_counter", _reader(time.perf_counter, "monotonic_ns", 1e9)),
    (time, "perf_counter_ns", _reader(time.perf_counter_ns, "monotonic_ns", None)),
    (_datetime, "date", _Date),
    (_datetime, "datetime", _DateTime),
]
