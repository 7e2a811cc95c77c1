"""`datetime.now` and similar methods, as controlled threads see them.

The classes stay what they are: an object's type, its pickled form and classes derived from it must not change. Only
three entries in the dictionaries of the built-in types change, which Python code has no other way to set.
"""

from __future__ import annotations

import datetime
import functools
import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..execution.units import _current
from ..scope._real import DATE, DATETIME
from . import _travel

#: How many times the virtual methods are in place: for imports, and for a test.
_times = 0


def replace_methods() -> Callable[[], None]:
    """Put the virtual methods in place, and return a function that puts the real ones back."""
    global _times
    _times += 1
    put_back()

    def restore() -> None:
        global _times
        _times -= 1
        if not _times:
            _put(_REAL)

    return restore


def take_out() -> None:
    """Put the real methods in place until `put_back` is called."""
    _put(_REAL)


def put_back() -> None:
    """Put the virtual methods in place again, if they are to be there."""
    if _times:
        _put(_VIRTUAL)


def _put(methods: dict[tuple[type, str], Any]) -> None:
    for (cls, name), method in methods.items():
        _dict_of(cls)[name] = method
        # The interpreter caches what it has looked up.
        _modified()(cls)


def _dict_of(cls: type) -> dict[str, Any]:
    """Return the dictionary behind the read-only view `cls.__dict__`."""
    return next(found for found in gc.get_referents(cls.__dict__) if type(found) is dict)


@functools.cache
def _modified() -> Callable[[type], object]:
    """Return a function of the interpreter that makes it look up again what it knows about a class."""
    import ctypes

    modified = ctypes.pythonapi.PyType_Modified
    modified.argtypes = [ctypes.py_object]
    modified.restype = None
    return modified


_REAL: dict[tuple[type, str], Any] = {
    (cls, name): _dict_of(cls)[name] for cls, name in ((DATETIME, "now"), (DATETIME, "utcnow"), (DATE, "today"))
}
_real_now, _real_utcnow, _real_today = _REAL.values()


def _timestamp(frame: FrameType) -> float | None:
    """Return the seconds since the epoch as a controlled thread sees them; None if the real method is to be called.

    They are so precise that what is made of them is precise to the microsecond.
    """
    unit = _current.current_unit()
    if unit is None:
        return None
    unit.execution.timers.read_clock(unit, frame)
    if _travel.travellers and _is_changed_below():
        return None
    return unit.execution.clock.time_ns() // 1_000 / 1e6


def remember_definition() -> None:
    """Note what the real `datetime.now` does; to be called before a library can change that."""
    from ..interpreter._function_objects import definition_of

    if not _definition:
        definition = definition_of(_real_now.__get__(None, DATETIME))
        _definition.append((definition, definition.call))


#: The definition of the real `datetime.now`, and what it called; empty until there is a library that may change that.
_definition: list[tuple[Any, Any]] = []


def _is_changed_below() -> bool:
    return any(definition.call != call for definition, call in _definition)


def _now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
    """See `datetime.datetime.now`."""
    now = _timestamp(sys._getframe(1))
    return _real_now.__get__(None, cls)(tz) if now is None else cls.fromtimestamp(now, tz)


def _utcnow(cls: Any) -> Any:
    """See `datetime.datetime.utcnow`."""
    now = _timestamp(sys._getframe(1))
    if now is None:
        return _real_utcnow.__get__(None, cls)()
    return cls.fromtimestamp(now, datetime.UTC).replace(tzinfo=None)


def _today(cls: Any) -> Any:
    """See `datetime.date.today`."""
    now = _timestamp(sys._getframe(1))
    return _real_today.__get__(None, cls)() if now is None else cls.fromtimestamp(now)


_VIRTUAL: dict[tuple[type, str], Any] = {
    (DATETIME, "now"): classmethod(_now),
    (DATETIME, "utcnow"): classmethod(_utcnow),
    (DATE, "today"): classmethod(_today),
}
for (_, _name), _method in _VIRTUAL.items():
    _method.__func__.__name__ = _name
