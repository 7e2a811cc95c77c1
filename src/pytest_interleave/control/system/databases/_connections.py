"""Connections to SQLite under control: what ends their transactions is a step."""

from __future__ import annotations

import sqlite3
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._external import Look
from ...steps._things import WRITE
from .._announce import announce
from .._classes import give_class, in_place_of
from .._uses import derived, like, like_base, note
from ._asking import is_within, timeout_of
from ._attributes import Attribute, announce_use, setting_methods
from ._cursors import CursorLayer, adopt_cursor, cursors, give
from ._databases import database_of
from ._running import run_statement
from ._sessions import Session, Token
from ._statements import (
    ANYTHING,
    CLOSE,
    CLOSE_READING,
    COMMIT,
    DESERIALIZE,
    OPEN_BLOB,
    READS,
    ROLLBACK,
    SERIALIZE,
    Statement,
)

if TYPE_CHECKING:
    from ...steps._external import Key

_units = _current.units
_get_ident = _real.get_ident
_Connection = sqlite3.Connection
_Cursor = sqlite3.Cursor
_level: Any = vars(_Connection)["isolation_level"]

#: The parameters of `Connection` after the database.
PARAMETERS = (
    "timeout", "detect_types", "isolation_level", "check_same_thread", "factory", "cached_statements", "uri",
)  # fmt: skip


def _session_of(connection: Any) -> Session | None:
    session: Session | None = getattr(connection, "_interleave_session", None)
    return session if session is not None and session.is_shared else None


def _state(connection: Any) -> Key | None:
    session = _session_of(connection)
    return None if session is None else session.key


def _settings(connection: Any) -> Key | None:
    session = _session_of(connection)
    return None if session is None else session.settings


def deprecated(name: str) -> str:
    """Return the warning of Python 3.13 that a function gets other arguments than the database by position."""
    return (
        f"Passing more than 1 positional argument to {name}() is deprecated. Parameters 'timeout', 'detect_types', "
        "'isolation_level', 'check_same_thread', 'factory', 'cached_statements' and 'uri' will become keyword-only "
        "parameters in Python 3.15."
    )


# The functions that follow are no methods: a program's own class may have methods of any name.


def _new_cursor(connection: Any) -> Any:
    made: Any = _Connection.cursor(connection, _OurCursor)
    give(made, connection._interleave_session)
    # Its row factory is that of the connection when the statement is run.
    made._interleave_is_new = made._interleave_key is not None
    return made


def _end(connection: Any, statement: Statement, call: Callable[[], Any]) -> Any:
    """End a transaction, if there is one."""
    session = connection._interleave_session
    if session is None or not is_within(connection):
        return call()
    return run_statement(connection, session, statement, call)


def _set(connection: Any, attribute: Any, value: Any, *, commits: bool) -> None:
    """Set an attribute, which may commit."""
    if commits:
        _end(connection, COMMIT, lambda: attribute.__set__(connection, value))
    else:
        attribute.__set__(connection, value)


def _whole(connection: Any, statement: Statement, call: Callable[[], Any]) -> Any:
    """Do something with the database as a whole."""
    session = connection._interleave_session
    if session is None:
        return call()
    if statement is OPEN_BLOB:
        # What is read and written through it is not seen.
        note_unseen(session)
    return run_statement(connection, session, statement, call)


@like_base
class ConnectionLayer(_Connection):
    """A connection whose statements are steps."""

    if TYPE_CHECKING:
        _interleave_session: Session | None
        _interleave_token: Token | None
    else:
        __slots__ = ()

    def __init__(self, database: Any, *args: Any, **options: Any) -> None:
        if args and sys.version_info >= (3, 13):
            warnings.warn(deprecated("_sqlite3.Connection"), DeprecationWarning, stacklevel=2)
        options.update(zip(PARAMETERS, args, strict=False))
        unit = _units[_get_ident()]
        timeout = options.get("timeout", 5.0)
        is_virtual = unit is not None and isinstance(timeout, (int, float))
        super().__init__(database, **({**options, "timeout": 0} if is_virtual else options))
        found = database_of(database, uri=bool(options.get("uri", False)))
        session = Session(found, timeout_of(timeout), is_shared=not options.get("check_same_thread", True))
        session.virtual = is_virtual
        session.in_transaction = is_within(self)
        give_session(self, session)

    def cursor(self, *args: Any, **options: Any) -> Any:
        """See `sqlite3.Connection.cursor`."""
        factory = args[0] if args else options.get("factory", _Cursor)
        session = self._interleave_session
        if session is not None and session.is_shared:
            announce_use(session.settings, "read", "read row_factory", "row_factory")
        made: Any = super().cursor(cursors(factory) if isinstance(factory, type) else factory)
        if not adopt_cursor(made, session) and session is not None:
            note_unseen(session)
        return made

    def execute(self, *args: Any) -> Any:
        """See `sqlite3.Connection.execute`."""
        return _new_cursor(self).execute(*args)

    def executemany(self, *args: Any) -> Any:
        """See `sqlite3.Connection.executemany`."""
        return _new_cursor(self).executemany(*args)

    def executescript(self, *args: Any) -> Any:
        """See `sqlite3.Connection.executescript`."""
        return _new_cursor(self).executescript(*args)

    # -- the ends of transactions ----------------------------------------------------------------------------

    def commit(self) -> None:
        """See `sqlite3.Connection.commit`."""
        _end(self, COMMIT, super().commit)

    def rollback(self) -> None:
        """See `sqlite3.Connection.rollback`."""
        _end(self, ROLLBACK, super().rollback)

    def __exit__(self, kind: Any, error: Any, traceback: Any, /) -> Any:
        if kind is error is traceback is None:
            try:
                ConnectionLayer.commit(self)
            except sqlite3.Error:
                ConnectionLayer.rollback(self)
                raise
        else:
            ConnectionLayer.rollback(self)
        return False

    def close(self) -> None:
        """See `sqlite3.Connection.close`."""
        session = self._interleave_session
        within = is_within(self)
        if session is None or not (within or session.readings or session.is_shared):
            super().close()
        else:
            run_statement(self, session, CLOSE_READING if session.readings and not within else CLOSE, super().close)
            session.readings = session.returning = 0
            session.may_have_released()
        # It may be closed once more, and the methods of the real class raise the errors from now on.
        self._interleave_session = None

    # -- its attributes --------------------------------------------------------------------------------------

    in_transaction = Attribute(_Connection, "in_transaction", _state)
    row_factory = Attribute(_Connection, "row_factory", _settings)
    text_factory = Attribute(_Connection, "text_factory", _settings)
    total_changes = Attribute(_Connection, "total_changes", _state)
    isolation_level = Attribute(
        _Connection,
        "isolation_level",
        _settings,
        sets=lambda self, value: _set(self, _level, value, commits=value is None),
    )

    # -- the database as a whole -----------------------------------------------------------------------------

    def backup(self, target: Any, **options: Any) -> None:
        """See `sqlite3.Connection.backup`."""
        unit = _units[_get_ident()]
        ends = (self._interleave_session, getattr(target, "_interleave_session", None))
        if unit is not None:
            source, copy = ends

            def look() -> Look:
                touches = () if source is None else source.touches(READS)
                return Look(touches + (() if copy is None else copy.touches(ANYTHING)), True, f"backup to {name}")

            name = "a database" if copy is None else copy.database.name
            announce(unit, name, "backup", look)
        super().backup(target, **options)

    def blobopen(self, *args: Any, **options: Any) -> Any:
        """See `sqlite3.Connection.blobopen`."""
        return _whole(self, OPEN_BLOB, lambda: _Connection.blobopen(self, *args, **options))

    def serialize(self, *args: Any, **options: Any) -> Any:
        """See `sqlite3.Connection.serialize`."""
        return _whole(self, SERIALIZE, lambda: _Connection.serialize(self, *args, **options))

    def deserialize(self, *args: Any, **options: Any) -> Any:
        """See `sqlite3.Connection.deserialize`."""
        return _whole(self, DESERIALIZE, lambda: _Connection.deserialize(self, *args, **options))

    # -- callbacks, which are not for the plugin's own statements --------------------------------------------

    def interrupt(self) -> None:
        """See `sqlite3.Connection.interrupt`."""
        if self._interleave_session is not None:
            # It ends a statement of another thread in its middle: here, statements are atomic.
            note_unseen(self._interleave_session)
        super().interrupt()

    def set_trace_callback(self, *args: Any, **options: Any) -> None:
        """See `sqlite3.Connection.set_trace_callback`."""
        silent = _silent(self._interleave_session, None)
        super().set_trace_callback(*map(silent, args), **{name: silent(value) for name, value in options.items()})

    def set_authorizer(self, *args: Any, **options: Any) -> None:
        """See `sqlite3.Connection.set_authorizer`."""
        silent = _silent(self._interleave_session, sqlite3.SQLITE_OK)
        super().set_authorizer(*map(silent, args), **{name: silent(value) for name, value in options.items()})


_OurCursor = cursors(_Cursor)

if hasattr(_Connection, "autocommit"):
    _autocommit: Any = vars(_Connection)["autocommit"]
    _with_autocommit = Attribute(
        _Connection,
        "autocommit",
        _settings,
        sets=lambda self, value: _set(self, _autocommit, value, commits=value is True),
    )
    setattr(ConnectionLayer, "autocommit", _with_autocommit)  # noqa: B010

for _name, _method in setting_methods():
    setattr(ConnectionLayer, _name, _method)


def _silent(session: Session | None, otherwise: Any) -> Callable[[Any], Any]:
    """Return what makes a callback that returns `otherwise` for the plugin's own statements."""

    def silent(callback: Any) -> Any:
        if session is None or not callable(callback):
            return callback
        return like(callback, lambda *args: otherwise if session.internal else callback(*args))

    return silent


def note_unseen(session: Session) -> None:
    """Note that a database is used in a way that is not seen."""
    unit = _units[_get_ident()]
    if unit is not None and not session.is_private:
        note(unit, session.database.thing, WRITE, "used")


#: For each class of connections, the class derived from it whose statements are steps.
_classes: dict[type, type] = {}


def connections(base: Any) -> type:
    """Return the class that stands in for a class of connections."""
    known = _classes.get(base)
    if known is None:
        known = derived(base, {}, ("_interleave_session", "_interleave_token"), layer=ConnectionLayer)
        _classes[base] = _classes[known] = known
    return known


#: In the place of `sqlite3.Connection`. Its methods are those of that class, for all that call them there.
Connection = in_place_of(_Connection, lambda kind, *args, **options: type.__call__(connections(kind), *args, **options))
_classes[Connection] = connections(_Connection)


def give_session(connection: Any, session: Session) -> None:
    """Let a connection have its session, until it is gone."""
    connection._interleave_session = session
    connection._interleave_token = Token(session)


def adopt_connection(made: Any) -> bool:
    """Let the statements of a connection be steps, whatever its class; return False if that is not possible."""
    return give_class(made, connections)


__all__ = ["PARAMETERS", "Connection", "CursorLayer", "adopt_connection", "connections", "give_session", "note_unseen"]
