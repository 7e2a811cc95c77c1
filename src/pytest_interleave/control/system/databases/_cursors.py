"""Cursors of SQLite under control: their statements and fetches are steps."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._external import Look
from ...steps._touches import WRITES
from .._announce import announce
from .._classes import give_class, in_place_of
from .._uses import derived, like_base
from ._asking import attached_to, internally, is_within
from ._attributes import Attribute, announce_use
from ._busy import Run, wait_for_readers
from ._callbacks import without_preemption
from ._databases import database_of
from ._running import begins, is_legacy, named, rows, run_statement
from ._statements import ANYTHING, CHANGES, COMMIT, statement_of, statements_in

if TYPE_CHECKING:
    from ...steps._external import Doing, Key
    from ._sessions import Reading, Session
    from ._statements import Statement

_units = _current.units
_get_ident = _real.get_ident
_Connection = sqlite3.Connection
_Cursor = sqlite3.Cursor
_level: Any = vars(_Connection)["isolation_level"]
_arraysize: Any = vars(_Cursor)["arraysize"].__get__
_description: Any = vars(_Cursor)["description"]
_row_factory: Any = vars(_Cursor)["row_factory"]
_factory_of_rows: Any = vars(_Connection)["row_factory"].__get__
_rowcount: Any = vars(_Cursor)["rowcount"].__get__


def _key_of(cursor: Any) -> Key | None:
    key: Key | None = getattr(cursor, "_interleave_key", None)
    return key


def _total_or_rowcount(cursor: Any) -> int:
    total: int | None = cursor._interleave_total
    return _rowcount(cursor) if total is None else total


def _run_to_end(cursor: sqlite3.Cursor, sql: str) -> None:
    _Cursor.execute(cursor, sql)
    _Cursor.fetchall(cursor)


# Of the result of a fetch: whether there is surely nothing left, and the number of rows.
def _always(_: Any) -> bool:
    return True


def _never(_: Any) -> bool:
    return False


def _is_none(row: Any) -> bool:
    return row is None


def _one(_: Any) -> int:
    return 1


def _one_or_none(row: Any) -> int:
    return 0 if row is None else 1


def _unknown(_: Any) -> int:
    return -1


class _Items(Iterable[Any]):
    """The parameters of `executemany`, which can begin again if only the first one has been used."""

    def __init__(self, items: Any) -> None:
        self._items = iter(items)
        self._first: list[Any] = []
        self._taken = 0

    def __iter__(self) -> Iterator[Any]:
        yield from self._first
        for item in self._items:
            self._taken += 1
            self._first = [item] if self._taken == 1 else []
            yield item


@like_base
class CursorLayer(_Cursor):
    """A cursor whose statements and fetches are steps."""

    if TYPE_CHECKING:
        _interleave_session: Session | None
        _interleave_reading: Reading | None
        _interleave_total: int | None
        _interleave_key: Key | None
        _interleave_is_new: bool | None
    else:
        __slots__ = ()

    def __init__(self, connection: Any, /) -> None:
        super().__init__(connection)
        give(self, getattr(connection, "_interleave_session", None))

    arraysize = Attribute(_Cursor, "arraysize", _key_of)
    description = Attribute(_Cursor, "description", _key_of)
    lastrowid = Attribute(_Cursor, "lastrowid", _key_of)
    row_factory = Attribute(_Cursor, "row_factory", _key_of)
    rowcount = Attribute(_Cursor, "rowcount", _key_of, gets=_total_or_rowcount)

    def execute(self, sql: Any, *args: Any, **options: Any) -> Any:
        """See `sqlite3.Cursor.execute`."""
        session = self._interleave_session
        if session is None or session.internal or type(sql) is not str:
            return super().execute(sql, *args, **options)
        statement, connection = statement_of(sql), self.connection
        if statement.pragma in _REMEMBERED:
            sql = _remembered(session, connection, statement, sql)
        self._interleave_total = None
        reading, self._interleave_reading = self._interleave_reading, None
        run = super().execute

        def call() -> Any:
            if self._interleave_is_new:
                # Its connection has made it for this statement alone.
                self._interleave_is_new = None
                _row_factory.__set__(self, _factory_of_rows(connection))
            try:
                return run(sql, *args, **options)
            finally:
                if reading is not None:
                    # What was left to be fetched of the last statement is forgotten first.
                    reading.end()

        run_statement(connection, session, statement, call, self.__result, reading, self._interleave_key)
        if statement.effect == ANYTHING and statement.verb in ("attach", "detach"):
            _attach(session, connection)
        if _description.__get__(self) is not None and (unit := _units[_get_ident()]) is not None:
            self._interleave_reading = session.reads_on(unit, statement)
        return self

    def __result(self, _: Any) -> str:
        return rows(_rowcount(self))

    def executemany(self, sql: Any, parameters: Any, /) -> Any:
        """See `sqlite3.Cursor.executemany`."""
        session = self._interleave_session
        if session is None or type(sql) is not str or _units[_get_ident()] is None:
            return super().executemany(sql, parameters)
        statement = statement_of(sql)
        connection, run = self.connection, super().executemany
        self._interleave_total, self._interleave_reading = None, None
        items = _Items(parameters)
        session.in_transaction = is_within(connection)
        if session.in_transaction or begins(connection, session, statement) or statement.effect != CHANGES:
            run_statement(
                connection, session, statement, lambda: run(sql, items), self.__result, None, self._interleave_key
            )
            return self
        # Each row is a transaction.
        total = 0
        for item in items:
            one = functools.partial(run, sql, (item,))
            run_statement(connection, session, statement, one, self.__result, None, self._interleave_key)
            total += _rowcount(self)
        run(sql, ())
        self._interleave_total = total
        return self

    def executescript(self, sql_script: Any, /) -> Any:
        """See `sqlite3.Cursor.executescript`."""
        session = self._interleave_session
        connection = self.connection
        if session is None or type(sql_script) is not str or "\0" in sql_script or _units[_get_ident()] is None:
            return super().executescript(sql_script)
        level = None
        if is_legacy(connection):
            if is_within(connection):
                run_statement(connection, session, COMMIT, lambda: _Connection.commit(connection))
            level = _level.__get__(connection)
        inner = _Cursor(connection)
        inner.row_factory = None
        if level is not None:
            _level.__set__(connection, None)
        try:
            for piece in statements_in(sql_script):
                statement = statement_of(piece)
                sql = _remembered(session, connection, statement, piece)
                run_statement(connection, session, statement, functools.partial(_run_to_end, inner, sql))
                if statement.verb in ("attach", "detach"):
                    _attach(session, connection)
        finally:
            inner.close()
            if level is not None:
                _level.__set__(connection, level)
        return self

    def __fetch(self, call: Callable[[], Any], is_last: Callable[[Any], bool], count: Callable[[Any], int]) -> Any:
        reading = self._interleave_reading
        unit = _units[_get_ident()]
        if reading is None or unit is None:
            return call()
        session, statement = reading.session, reading.statement
        doing: Doing | None = None
        if len(unit.log) != reading.seen and not session.is_private and session.fetches_matter(statement):
            text = f"read rows of {statement.text}"
            writes = statement.effect == CHANGES
            key = self._interleave_key

            def look() -> Look:
                touches = session.touches_of_fetch(statement)
                return Look(touches if key is None else ((key, None, WRITES), *touches), writes, text)

            doing = announce(unit, named(session, statement), "fetch", look)
        if statement.effect == CHANGES and not session.in_transaction and doing is not None:
            wait_for_readers(Run(unit, session, self.connection, statement, call))
        ended = False
        try:
            with without_preemption(unit):
                result = call()
            ended = is_last(result)
        except (StopIteration, sqlite3.Error):
            ended = True
            raise
        finally:
            reading.seen = len(unit.log)
            if ended:
                self._interleave_reading = None
                reading.end()
            elif not session.in_transaction:
                # It may have been the last row: then the connection does not read any more.
                session.may_have_released()
        if doing is not None:
            doing.result = rows(count(result))
        return result

    def fetchone(self) -> Any:
        """See `sqlite3.Cursor.fetchone`."""
        if self._interleave_reading is None:
            return super().fetchone()
        return self.__fetch(super().fetchone, _is_none, _one_or_none)

    def fetchmany(self, *args: Any, **options: Any) -> Any:
        """See `sqlite3.Cursor.fetchmany`."""
        run = super().fetchmany
        size = args[0] if args else options.get("size", _arraysize(self))
        return self.__fetch(
            lambda: run(*args, **options), lambda rows: not isinstance(size, int) or len(rows) < size, len
        )

    def fetchall(self) -> Any:
        """See `sqlite3.Cursor.fetchall`."""
        if self._interleave_reading is None:
            return super().fetchall()
        return self.__fetch(super().fetchall, _always, len)

    def __next__(self) -> Any:
        if self._interleave_reading is None:
            return super().__next__()
        return self.__fetch(super().__next__, _never, _one)

    def close(self) -> None:
        """See `sqlite3.Cursor.close`."""
        if self._interleave_reading is None:
            if self._interleave_key is not None:
                announce_use(self._interleave_key, "close", "close", writes=True)
            super().close()
        else:
            self.__fetch(super().close, _always, _unknown)
        # The methods of the real class raise the errors from now on.
        self._interleave_session = None


#: Settings that the plugin sets otherwise than the program, or that concern what it does.
_REMEMBERED = frozenset(("busy_timeout", "synchronous", "trusted_schema"))


def _remembered(session: Session, connection: Any, statement: Statement, sql: str) -> str:
    """Remember what a program sets that the plugin has set otherwise, and return a statement that shows it."""
    if statement.pragma == "busy_timeout":
        if statement.value:
            # SQLite knows what the value means.
            ((timeout,),) = internally(session, connection, sql)
            session.set_timeout(timeout)
            session.virtual = False
        return f"SELECT {session.timeout} AS timeout"
    if statement.pragma == "trusted_schema" and statement.value:
        session.shows_real_time = False
    elif statement.pragma == "synchronous" and statement.value:
        session.syncs, session.level = False, None
    elif statement.pragma == "synchronous" and session.level is not None:
        return f"SELECT {session.level} AS synchronous"
    return sql


def _attach(session: Session, connection: Any) -> None:
    session.plain = False
    found = attached_to(session, connection)
    session.attached = {name: database_of(file, uri=False) for name, file in found.items()}
    if session.level is not None:
        # That is not so yet for the new one.
        session.syncs = True
    for database in session.attached.values():
        database.sessions.add(session)


#: For each class of cursors, the class derived from it whose statements are steps.
_classes: dict[type, type] = {}


def cursors(base: Any) -> type:
    """Return the class that stands in for a class of cursors."""
    known = _classes.get(base)
    if known is None:
        known = derived(
            base,
            {},
            (
                "_interleave_session",
                "_interleave_reading",
                "_interleave_total",
                "_interleave_key",
                "_interleave_is_new",
            ),
            layer=CursorLayer,
        )
        _classes[base] = _classes[known] = known
    return known


#: In the place of `sqlite3.Cursor`.
Cursor = in_place_of(_Cursor, lambda kind, *args, **options: type.__call__(cursors(kind), *args, **options))
_classes[Cursor] = cursors(_Cursor)


def adopt_cursor(made: Any, session: Session | None) -> bool:
    """Let the statements of a cursor be steps, whatever its class; return False if that is not possible."""
    if not give_class(made, cursors):
        return False
    give(made, session)
    return True


def give(made: Any, session: Session | None) -> None:
    """Let a cursor have the session of its connection."""
    made._interleave_session, made._interleave_reading, made._interleave_total, made._interleave_is_new = (
        session,
        None,
        None,
        None,
    )
    made._interleave_key = None if session is None else session.key_of_cursor()
