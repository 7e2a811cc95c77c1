"""Attributes of connections and cursors that threads share: to read or set one is a step, if code in scope does it."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _current_scope, _real
from ...steps._external import Look
from ...steps._touches import READS, WRITES
from .._announce import announce
from .._uses import like
from ._now import show_virtual_time

if TYPE_CHECKING:
    from ...steps._external import Key

_units = _current.units
_get_ident = _real.get_ident

#: Methods of connections that set something for the statements that follow.
_SETTING = (
    "create_aggregate", "create_collation", "create_function", "create_window_function", "enable_load_extension",
    "load_extension", "set_progress_handler", "setconfig", "setlimit",
)  # fmt: skip
#: Methods of connections that return what is set.
_READING = ("getconfig", "getlimit")


class Attribute:
    """An attribute in C of objects that threads may share.

    `key_of` returns what stands for the attribute of an object; None if no other thread uses the object. With `sets`,
    it is set by another function.
    """

    def __init__(
        self,
        owner: type,
        name: str,
        key_of: Callable[[Any], Key | None],
        *,
        gets: Callable[[Any], Any] | None = None,
        sets: Callable[[Any, Any], None] | None = None,
    ) -> None:
        real: Any = vars(owner)[name]
        self.__doc__ = real.__doc__
        self._name = name
        self._key_of = key_of
        self._get = real.__get__ if gets is None else gets
        self._set = getattr(real, "__set__", None) if sets is None else sets
        self._real = real

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self._real
        key = self._key_of(instance)
        if key is not None and _is_called_in_scope():
            announce_use(key, "read", f"read {self._name}", self._name)
        return self._get(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        if self._set is None:
            # It raises the error.
            self._real.__set__(instance, value)
            return
        key = self._key_of(instance)
        if key is not None and _is_called_in_scope():
            announce_use(key, "set", f"set {self._name}", self._name, writes=True)
        self._set(instance, value)

    def __delete__(self, instance: Any) -> None:
        self._real.__delete__(instance)


def _is_called_in_scope() -> bool:
    return bool(_current_scope.scope.holds[sys._getframe(2).f_code.co_filename])


def announce_use(key: Key, verb: str, text: str, part: str | None = None, *, writes: bool = False) -> None:
    """Announce that a connection or cursor is read or changed, or only a part of it."""
    unit = _units[_get_ident()]
    if unit is not None:
        look = Look(((key, part, WRITES if writes else READS),), writes, text)
        announce(unit, key.name, verb, lambda: look)


def setting_methods() -> Iterable[tuple[str, Any]]:
    """Yield the methods that set something for later statements, or read what is set, as steps, by their names."""
    for name in (*_SETTING, *_READING):
        real = getattr(sqlite3.Connection, name, None)
        if real is not None:
            yield name, _setting(name, real)


def _setting(name: str, real: Any) -> Any:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        session = self._interleave_session
        if session is not None and name == "setconfig":
            # It may no longer trust the schema, as after `PRAGMA trusted_schema`.
            session.shows_real_time = False
        if session is not None and name == "create_function" and session.shows_real_time:
            # Not after the program's own function, which it may replace.
            show_virtual_time(session, self)
        if session is not None and session.is_shared:
            announce_use(session.settings, name, f"call {name}", writes=name not in _READING)
        return real(self, *args, **options)

    return like(real, method)
