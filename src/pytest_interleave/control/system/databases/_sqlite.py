"""`sqlite3.connect` under control: connections and cursors that record which statements are run."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from ...execution.units import _current
from ...scope import _real
from ...steps._things import READ, WRITE, Thing
from .._uses import derived, like, note
from ..files._paths import target_of

if TYPE_CHECKING:
    from ...execution.units._units import Unit

_units = _current.units
_get_ident = _real.get_ident
#: Numbers of cursors, and of databases that have no name.
_numbers = itertools.count(1)

#: Anything that may stand before a statement: whitespace, comments and semicolons.
_PADDING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|;)*", re.DOTALL)
_WORD = re.compile(r"\w*")
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


def only_reads(statement: str) -> bool:
    """Whether a statement changes nothing in the database."""
    padding = _PADDING.match(statement)
    text = statement[padding.end() if padding else 0 :]
    word = _WORD.match(text)[0].upper()  # type: ignore[index]
    if word in ("SELECT", "VALUES", "EXPLAIN", ""):
        return True
    if word == "WITH":
        return not _CHANGES.search(text)
    if word == "BEGIN":
        # Without these words, it takes no lock.
        return not re.search(r"\b(?:IMMEDIATE|EXCLUSIVE)\b", text, re.IGNORECASE)
    return word == "PRAGMA" and "=" not in text and "(" not in text


def database_of(database: Any, *, uri: bool) -> Thing:
    """Return the database that a call of `connect` opens; two that have no name are never the same."""
    text = os.fsdecode(database)
    if uri and text.startswith("file:"):
        name, _, query = text[len("file:") :].partition("?")
        options = parse_qs(query.partition("#")[0])
        text = unquote(name.partition("#")[0])
        if text.startswith("//"):
            text = "/" + text[2:].partition("/")[2]
        if options.get("mode") == ["memory"] or text == ":memory:":
            if options.get("cache") == ["shared"]:
                return Thing("database", ("memory", text), text or ":memory:")
            text = ":memory:"
    if text in ("", ":memory:"):
        return Thing("database", ("memory", next(_numbers)), text or "without a name")
    return Thing("database", target_of(text).path)


def _note(unit: Unit | None, owner: Any, statement: Any, handle: int | None = None) -> None:
    thing = owner._thing
    if unit is None or thing is None:
        return
    if isinstance(statement, str) and only_reads(statement):
        note(unit, thing, READ, "read", handle)
    else:
        note(unit, thing, WRITE, "written", handle)


def _runs(base: type, name: str) -> Callable[..., Any]:
    """Return the stand-in for a cursor's method that runs statements."""
    real = getattr(base, name)

    def method(self: Any, *args: Any, **options: Any) -> Any:
        _note(_units[_get_ident()], self, args[0] if args and name != "executescript" else None, self._handle)
        return real(self, *args, **options)

    return like(real, method)


def _fetches(base: type, name: str) -> Callable[..., Any]:
    """Return the stand-in for a cursor's method that moves on to the next rows."""
    real = getattr(base, name)

    def method(self: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None and self._thing is not None:
            note(unit, self._thing, READ, "read", self._handle)
        return real(self, *args, **options)

    return like(real, method)


def _ends(base: type, name: str) -> Callable[..., Any]:
    """Return the stand-in for a connection's method that may end a transaction, or changes all that there is."""
    real = getattr(base, name)

    def method(self: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None and self._thing is not None and (name in _CHANGING or _in_transaction(self)):
            note(unit, self._thing, WRITE, "written")
        return real(self, *args, **options)

    return like(real, method)


def _in_transaction(connection: Any) -> bool:
    try:
        return bool(connection.in_transaction)
    except Exception:
        # It is closed.
        return False


def _backs_up(base: Any) -> Callable[..., Any]:
    def backup(self: Any, target: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            for connection, way, how in ((self, READ, "read"), (target, WRITE, "written")):
                if getattr(connection, "_thing", None) is not None:
                    note(unit, connection._thing, way, how)
        return base.backup(self, target, *args, **options)

    return like(base.backup, backup)


_CHANGING = ("deserialize", "blobopen")
_ENDING = ("commit", "rollback", "close", "__exit__", *_CHANGING)
_RUNNING = ("execute", "executemany", "executescript")
_FETCHING = ("fetchone", "fetchmany", "fetchall", "__next__")


class StandIns:
    """The stand-ins for `connect` of the module `sqlite3`, and for what it makes."""

    def __init__(self, sqlite3: ModuleType) -> None:
        self._connection: Any = sqlite3.Connection
        self._cursor: Any = sqlite3.Cursor
        self._real_connect: Any = sqlite3.connect
        #: For each class of connections or cursors, the class derived from it that keeps a record.
        self._recording: dict[type, type] = {}
        self.connect = like(sqlite3.connect, self._connect)

    @property
    def _connect(self) -> Callable[..., Any]:
        def connect(database: Any, *args: Any, **options: Any) -> Any:
            """See `sqlite3.connect`."""
            unit = _units[_get_ident()]
            if unit is None and not _current.state.making_fixtures:
                return self._real_connect(database, *args, **options)
            factory = args[_FACTORY] if len(args) > _FACTORY else options.get("factory", self._connection)
            if isinstance(factory, type):
                ours = self._connections(factory)
                if len(args) > _FACTORY:
                    args = (*args[:_FACTORY], ours, *args[_FACTORY + 1 :])
                else:
                    options["factory"] = ours
                return self._real_connect(database, *args, **options)
            made = self._real_connect(database, *args, **options)
            thing = database_of(database, uri=_is_uri(args, options))
            if self._adopt(made, self._connections):
                made._thing = thing
            elif unit is not None:
                # None of its later uses will be seen.
                note(unit, thing, WRITE, "opened")
            return made

        return connect

    def _connections(self, base: Any) -> type:
        known = self._recording.get(base)
        if known is not None:
            return known

        def __init__(connection: Any, database: Any, *args: Any, **options: Any) -> None:
            connection._thing = database_of(database, uri=_is_uri(args, options))
            base.__init__(connection, database, *args, **options)

        namespace = {"__init__": like(base.__init__, __init__), "cursor": self._makes_cursors(base)}
        namespace.update({name: self._runs_directly(base, name) for name in _RUNNING})
        namespace.update({name: _ends(base, name) for name in _ENDING if hasattr(base, name)})
        namespace["backup"] = _backs_up(base)
        return self._derived(base, namespace)

    def _makes_cursors(self, base: Any) -> Callable[..., Any]:
        real = base.cursor
        is_genuine = real is self._connection.cursor

        def cursor(connection: Any, *args: Any, **options: Any) -> Any:
            """See `sqlite3.Connection.cursor`."""
            if is_genuine:
                factory = args[0] if args else options.get("factory", self._cursor)
                made = real(connection, self._cursors(factory) if isinstance(factory, type) else factory)
            else:
                made = real(connection, *args, **options)
            if self._adopt(made, self._cursors):
                made._thing, made._handle = connection._thing, next(_numbers)
            else:
                _note(_units[_get_ident()], connection, None)
            return made

        return like(real, cursor)

    def _runs_directly(self, base: Any, name: str) -> Callable[..., Any]:
        """Return the stand-in for a connection's method that makes a cursor and runs a statement with it."""
        real: Callable[..., Any] = getattr(base, name)
        if real is not getattr(self._connection, name):
            # A program's own method, which calls what is recorded.
            return real

        def method(connection: Any, *args: Any, **options: Any) -> Any:
            made = self._connection.cursor(connection, self._cursors(self._cursor))
            made._thing, made._handle = connection._thing, next(_numbers)
            return getattr(made, name)(*args, **options)

        return like(real, method)

    def _cursors(self, base: Any) -> type:
        known = self._recording.get(base)
        if known is not None:
            return known
        namespace: dict[str, Any] = {name: _runs(base, name) for name in _RUNNING}
        namespace.update({name: _fetches(base, name) for name in _FETCHING})
        return self._derived(base, namespace)

    def _derived(self, base: type, namespace: dict[str, Any]) -> type:
        made: type = derived(base, namespace, ("_thing", "_handle"))
        self._recording[base] = self._recording[made] = made
        return made

    def _adopt(self, made: Any, recording: Callable[[Any], type]) -> bool:
        """Let an object whose class is a program's own keep a record; return False if that is not possible."""
        kind = type(made)
        if self._recording.get(kind) is kind:
            return True
        try:
            made.__class__ = recording(kind)
        except TypeError:
            return False
        return True


#: Positions, after the database, at which `connect` takes the factory of connections, and whether the database is a
#: URI.
_FACTORY, _URI = 4, 6


def _is_uri(args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    return bool(args[_URI] if len(args) > _URI else options.get("uri", False))
