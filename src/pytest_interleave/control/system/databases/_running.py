"""Statements as steps of the thread that runs them."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...._texts import cut
from ...execution.units import _current
from ...scope import _real
from ...steps._external import Look, external_step
from ...steps._touches import WRITES
from .._announce import announce
from .._uses import user_frame
from ._asking import is_within
from ._busy import Run, perform, perform_really
from ._now import begin_statement, show_virtual_time
from ._statements import COMMITS, EXCLUDES, NOTHING, READS, RESERVES, WAITS

if TYPE_CHECKING:
    from ...steps._external import Doing, Key
    from ._sessions import Reading, Session
    from ._statements import Statement

_units = _current.units
_get_ident = _real.get_ident
_level_of: Any = vars(sqlite3.Connection)["isolation_level"].__get__
#: The value of `Connection.autocommit` with which `isolation_level` counts, from Python 3.12 on.
_LEGACY = getattr(sqlite3, "LEGACY_TRANSACTION_CONTROL", None)
_autocommit_of: Any = None if _LEGACY is None else vars(sqlite3.Connection)["autocommit"].__get__


def isolation_of(connection: Any) -> str | None:
    """Return with which word Python itself begins transactions before changes; None if it begins none."""
    if _autocommit_of is not None and _autocommit_of(connection) != _LEGACY:
        return None
    level: str | None = _level_of(connection)
    return level


def is_legacy(connection: Any) -> bool:
    """Whether the attribute `isolation_level` of a connection counts."""
    return _autocommit_of is None or _autocommit_of(connection) == _LEGACY


def begins(connection: Any, session: Session, statement: Statement) -> bool:
    """Whether Python begins a transaction before a statement."""
    return statement.begins and not session.in_transaction and isolation_of(connection) is not None


def named(session: Session, statement: Statement, table: str = "") -> str:
    """Return the name of what a statement uses, for reports; `table` is what it uses if it names no table."""
    table = statement.table or table
    name = session.attached.get(statement.schema, session.database).name
    return f"table {table} in {name}" if table else name


def rows(number: int) -> str:
    """Return a number of rows as a text; empty if it is not known."""
    return "" if number < 0 else "1 row" if number == 1 else f"{number} rows"


def run_statement(
    connection: Any,
    session: Session,
    statement: Statement,
    call: Callable[[], Any],
    result: Callable[[Any], str] | None = None,
    reading: Reading | None = None,
    cursor: Key | None = None,
) -> Any:
    """Run a statement, as a step if a controlled thread does; `result` returns a text for its result.

    `reading` stands for the rows of the cursor's last statement that were not fetched, and will not be; `cursor` for
    the state of the cursor.
    """
    if session.shows_real_time and not statement.pragma:
        show_virtual_time(session, connection)
    begin_statement()
    unit = _units[_get_ident()]
    run = Run(unit, session, connection, statement, call)  # type: ignore[arg-type]
    if unit is None:
        return perform_really(run)
    doing: Doing | None = None
    published = published_by(session, statement)
    # The log keeps what the step refers to: nothing that keeps a cursor alive.
    found: list[Look] = []
    if not session.is_private and statement.effect != NOTHING:
        session.in_transaction = is_within(connection)
        does_begin = begins(connection, session, statement)
        excludes = does_begin and str(isolation_of(connection)).upper() == "EXCLUSIVE"

        # These name nothing of the database, and a thread may use two.
        takes_lock = statement.effect in (RESERVES, EXCLUDES)
        text = f"{statement.text} in {session.database.name}" if takes_lock else statement.text

        def look() -> Look:
            touches = session.touches(statement.effect, begins=does_begin, excludes=excludes)
            if reading is not None and not session.in_transaction:
                touches += session.touches_of_fetch(reading.statement)
            if cursor is not None:
                touches = ((cursor, None, WRITES), *touches)
            found[:] = [Look(touches, statement.effect not in (READS, WAITS), text)]
            return found[0]

        changed = statement.effect == COMMITS and len(session.tables) == 1
        name = named(session, statement, next(iter(session.tables)) if changed else "")
        run.begins = does_begin
        doing = announce(unit, name, statement.verb, look)
        if doing is None:
            return perform_really(run)
    try:
        value = perform(run)
    except sqlite3.Error as error:
        if doing is not None:
            _done(run, doing, found, error=error)
        raise
    if doing is not None:
        _done(run, doing, found, published if result is None else result(value))
    return value


def published_by(session: Session, statement: Statement) -> str:
    """Return the statements whose changes a commit makes visible; empty for other statements."""
    changes = session.changes if statement.effect == COMMITS else []
    return cut(", ".join(changes), _LONGEST) if changes else ""


#: At most this many characters of what a commit makes visible are shown; the rest is cut.
_LONGEST = 80


def _done(run: Run, doing: Doing, found: list[Look], result: str = "", error: sqlite3.Error | None = None) -> None:
    """Note the result of a step. If it has waited, it was done only after the step in which it has waited."""
    if not run.waited:
        _note_result(doing, result, error)
        return
    doing.has_waited = True
    place = user_frame(sys._getframe(2))
    if place is not None:
        step = external_step(named(run.session, run.statement), run.statement.verb, found[0], place)
        _note_result(step.doing, result, error)
        run.unit.execution.mark(run.unit, step, found[0].touches)


def _note_result(doing: Doing, result: str, error: sqlite3.Error | None) -> None:
    doing.result = result
    if error is not None:
        doing.fail(error)
