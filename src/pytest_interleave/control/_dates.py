"""`datetime.now` and its kin as controlled threads see them.

The classes stay what they are: an object's type, its pickled form and classes derived from it must not change. What
changes is three entries in the dictionaries of the built-in types, which Python code has no other way to set.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
from collections.abc import Callable
from typing import Any

from ._time import virtual_timestamp


def replace_methods() -> Callable[[], None]:
    """Put the virtual ones in place, and answer with what puts the real ones back."""
    real = [(cls, name, _dict_of(cls)[name]) for cls, name, _ in _METHODS]
    for cls, name, method in _METHODS:
        _set(cls, name, method)

    def restore() -> None:
        for cls, name, method in real:
            _set(cls, name, method)

    return restore


def _dict_of(cls: type) -> dict[str, Any]:
    """The dictionary behind the read-only view that `cls.__dict__` is."""
    return next(found for found in gc.get_referents(cls.__dict__) if type(found) is dict)


def _set(cls: type, name: str, method: Any) -> None:
    _dict_of(cls)[name] = method
    # The interpreter keeps what it has looked up.
    _modified(cls)


_modified = ctypes.pythonapi.PyType_Modified
_modified.argtypes = [ctypes.py_object]
_modified.restype = None

_real_now = _dict_of(datetime.datetime)["now"]
_real_utcnow = _dict_of(datetime.datetime)["utcnow"]
_real_today = _dict_of(datetime.date)["today"]


def _now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
    """See `datetime.datetime.now`."""
    now = virtual_timestamp()
    return _real_now.__get__(None, cls)(tz) if now is None else cls.fromtimestamp(now, tz)


def _utcnow(cls: Any) -> Any:
    """See `datetime.datetime.utcnow`."""
    now = virtual_timestamp()
    if now is None:
        return _real_utcnow.__get__(None, cls)()
    return cls.fromtimestamp(now, datetime.UTC).replace(tzinfo=None)


def _today(cls: Any) -> Any:
    """See `datetime.date.today`."""
    now = virtual_timestamp()
    return _real_today.__get__(None, cls)() if now is None else cls.fromtimestamp(now)


_METHODS: tuple[tuple[type, str, Any], ...] = (
    (datetime.datetime, "now", classmethod(_now)),
    (datetime.datetime, "utcnow", classmethod(_utcnow)),
    (datetime.date, "today", classmethod(_today)),
)
for _, _name, _method in _METHODS:
    _method.__func__.__name__ = _name
