"""Statements that the plugin itself runs on the connections of a program, to learn what SQLite knows."""

from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING, Any

from ._statements import ANYTHING, CHANGES, COMMITS, DEFINES, EXCLUDES, RESERVES

if TYPE_CHECKING:
    from ._sessions import Session
    from ._statements import Effect

# The real classes: this module is imported before they are replaced.
_Connection, _Cursor = sqlite3.Connection, sqlite3.Cursor
_real_execute = sqlite3.Cursor.execute
_fetchall = sqlite3.Cursor.fetchall
_close = sqlite3.Cursor.close
_in_transaction: Any = vars(sqlite3.Connection)["in_transaction"].__get__

#: The message of an error that is about a lock; other errors with the same code are about the connection itself.
LOCKED = "database is locked"


def is_within(connection: Any) -> bool:
    """Whether a connection is in a transaction."""
    try:
        return bool(_in_transaction(connection))
    except sqlite3.Error:
        # It is closed.
        return False


def set_timeout(session: Session, connection: Any, *, virtual: bool) -> None:
    """Let SQLite itself wait as long as the program wants it to, or not at all."""
    internally(session, connection, f"PRAGMA busy_timeout={0 if virtual else session.timeout}")
    session.virtual = virtual


#: The statements that SQLite would make sure of, before they return, that they are on the disk.
_WRITING = frozenset((ANYTHING, CHANGES, COMMITS, DEFINES, EXCLUDES, RESERVES))


def prepare(session: Session, connection: Any, effect: Effect, *, virtual: bool) -> None:
    """Prepare a connection for a statement: how long SQLite itself waits for locks, and not at all for the disk."""
    if session.virtual != virtual:
        set_timeout(session, connection, virtual=virtual)
    if session.syncs and effect in _WRITING and not is_within(connection):
        _stop_syncing(session, connection)


def _stop_syncing(session: Session, connection: Any) -> None:
    # What is in the file differs from what it would be only if the machine breaks down.
    try:
        if session.level is None:
            ((session.level,),) = internally(session, connection, "PRAGMA main.synchronous")
        for name in ("main", *session.attached):
            quoted = name.replace('"', '""')
            internally(session, connection, f'PRAGMA "{quoted}".synchronous=OFF')
    except sqlite3.Error:
        # It is locked, or no database. The statement itself shows that.
        return
    session.syncs = False


def is_wal(session: Session, connection: Any) -> bool:
    """Whether a database is in WAL mode, in which no commit waits for readers."""
    return internally(session, connection, "PRAGMA journal_mode") == [("wal",)]


def timeout_of(seconds: Any) -> int:
    """Return how many milliseconds SQLite waits with a timeout in seconds: none if there are too many."""
    if not isinstance(seconds, (int, float)):
        seconds = float(seconds)
    if seconds <= 0 or math.isnan(seconds):
        return 0
    if seconds * 1000 < 2**31:
        return int(seconds * 1000)
    connection = _Connection(":memory:", timeout=seconds)
    try:
        found: int = connection.execute("PRAGMA busy_timeout").fetchone()[0]
        return found
    finally:
        connection.close()


def internally(session: Session, connection: Any, sql: str) -> list[Any]:
    """Run a statement of the plugin's own, without the program's callbacks."""
    before, session.internal = session.internal, True
    cursor = _Cursor(connection)
    cursor.row_factory = None
    try:
        _real_execute(cursor, sql)
        return _fetchall(cursor)
    finally:
        _close(cursor)
        session.internal = before


def attached_to(session: Session, connection: Any) -> dict[str, str]:
    """Return the files that are attached to a connection, by the names that they have there."""
    rows = internally(session, connection, "PRAGMA database_list")
    return {name: file for _, name, file in rows if name not in ("main", "temp") and file}


def succeeds(session: Session, connection: Any, sql: str) -> bool:
    try:
        internally(session, connection, sql)
    except sqlite3.Error:
        return False
    return True


def has_begun(session: Session, connection: Any) -> bool:
    """Whether a connection is in a transaction of its database that has read or written, as SQLite says."""
    try:
        internally(session, connection, "PRAGMA main.wal_checkpoint")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_LOCKED
    except sqlite3.Error:
        return False
    return False


def is_about_lock(error: sqlite3.Error) -> bool:
    """Whether an error says that another connection has a lock."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_LOCKED:
        return True
    # `sqlite3_blob_open()` has no other code for it if it cannot even read which tables there are.
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_ERROR) and str(error) == LOCKED
