"""Connections to databases: whether one is in a transaction, reads or writes, and what its next statement touches."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

from ...execution.units import _current
from ...scope import _real
from ...steps._external import Key, external_step
from ...steps._external import Look as _Look
from ...steps._touches import NOTHING, WRITES
from ...steps._touches import READS as _READS
from .._uses import user_frame
from ._statements import (
    ANYTHING,
    BEGINS,
    CHANGES,
    COMMITS,
    DEFINES,
    EXCLUDES,
    MARKS,
    MAY_COMMIT,
    READS,
    RESERVES,
    ROLLS_BACK,
    SETS,
    WAITS,
)
from ._statements import NOTHING as DOES_NOTHING

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ...steps._operations import Operation
    from ...steps._touches import Touches
    from ._databases import Database
    from ._statements import Effect, Statement

_units = _current.units
_get_ident = _real.get_ident
_numbers = itertools.count(1)

_ENDING = frozenset((COMMITS, MAY_COMMIT, ROLLS_BACK))
_WRITING = frozenset((ANYTHING, CHANGES, DEFINES, EXCLUDES, RESERVES))
#: With these, a transaction has not read anything yet.
_LOCKING_NOTHING = frozenset((BEGINS, DOES_NOTHING, MARKS, WAITS))


class Reading:
    """Rows that are still being fetched: until the last one, their connection reads."""

    __slots__ = ("is_over", "seen", "session", "statement")

    def __init__(self, session: Session, statement: Statement) -> None:
        self.session = session
        self.statement = statement
        #: The number of steps that there were when rows were last fetched.
        self.seen = -1
        self.is_over = False
        session.readings += 1
        if statement.effect == CHANGES:
            session.returning += 1

    def end(self) -> None:
        """Note that the last row has been fetched, or that no more will be."""
        if not self.is_over:
            self.is_over = True
            session = self.session
            session.readings = max(0, session.readings - 1)
            if self.statement.effect == CHANGES:
                session.returning = max(0, session.returning - 1)
            if not session.in_transaction:
                session.may_have_released()

    def __del__(self) -> None:
        # Its cursor is gone.
        session = self.session
        if not (self.is_over or session.in_transaction):
            session.mark_end("close", session.touches_of_fetch(self.statement), self.seen)
        self.end()


class _InUse(Key):
    """Stands for the state or the settings of a connection, or for the state of a cursor."""

    __slots__ = ()

    @property
    def label(self) -> str:  # type: ignore[override]
        """See `Key.label`."""
        return self.name

    def name_of(self, part: str | None) -> str:
        """See `Key.name_of`."""
        return self.name if part is None else f"{part} of {self.name}"


class Session:
    """What is known of one connection, and of the transaction that it is in."""

    __slots__ = (
        "__weakref__", "attached", "changes", "clean", "database", "exclusive", "file", "in_transaction", "internal",
        "is_shared", "key", "level", "number", "plain", "readings", "returning", "settings", "shows_real_time", "since",
        "statement", "syncs", "tables", "timeout", "unit", "virtual", "writes", "wrote",
    )  # fmt: skip

    def __init__(self, database: Database, timeout: int, *, is_shared: bool) -> None:
        self.database = database
        #: The databases that are attached, by the names that they have there.
        self.attached: dict[str, Database] = {}
        self.number = next(_numbers)
        name = f"a connection to {database.name}"
        # What its statements change, and what they only read: how rows are returned, for example.
        self.key, self.settings = _InUse(name), _InUse(name)
        #: Milliseconds that the program lets it wait for locks, and whether SQLite itself was told not to wait.
        self.timeout = timeout
        if timeout == 0:
            database.is_impatient = True
        self.virtual = False
        # Whether SQLite waits until what it writes is on the disk, and how it would without the plugin (see `PRAGMA
        # synchronous`); None if it is as the program has set it.
        self.syncs = isinstance(database.thing.key, str)
        self.level: int | None = None
        #: Whether its functions for dates and times are to be replaced before its next statement.
        self.shows_real_time = True
        #: Whether several threads may use the connection.
        self.is_shared = is_shared
        #: Whether the plugin itself runs a statement.
        self.internal = False
        #: Number of cursors from which there may be more to fetch.
        self.readings = 0
        #: The same of those that change rows, and return them.
        self.returning = 0
        #: False if a statement that changes rows may take no lock of the database: the table may be a temporary one.
        self.plain = True
        # The transaction: the thread that took its lock, the step by which it did and the text of that statement;
        # whether it certainly holds no lock yet; whether it certainly has the lock for writing, or may have it; whether
        # it may exclude readers; and the tables that it has changed.
        self.in_transaction = False
        self.unit: Unit | None = None
        self.since: Operation | None = None
        self.statement = ""
        #: The file of its database when it took its lock; None if that is not a file.
        self.file: tuple[int, int] | None = None
        self._begin_anew()
        database.sessions.add(self)

    def _begin_anew(self) -> None:
        self.clean = True
        self.writes = self.wrote = self.exclusive = False
        self.tables: set[str] = set()
        #: The texts of the statements that have changed something.
        self.changes: list[str] = []

    @property
    def holds(self) -> bool:
        """Whether it may hold a lock."""
        return self.readings > 0 or (self.in_transaction and not self.clean)

    @property
    def may_write(self) -> bool:
        """Whether it may hold the lock for writing, or keep others from reading."""
        return self.returning > 0 or (self.in_transaction and (self.wrote or self.exclusive))

    @property
    def is_private(self) -> bool:
        """Whether no other thread can notice what it does."""
        return self.database.is_private and not self.is_shared and not self.attached

    @property
    def databases(self) -> tuple[Database, ...]:
        """Its database, and those that are attached."""
        return (self.database, *self.attached.values())

    # -- what statements touch -------------------------------------------------------------------------------

    def touches(self, effect: Effect, *, begins: bool = False, excludes: bool = False) -> Touches:
        """Return what a statement touches.

        `begins` says whether a transaction begins before it, and `excludes` whether that is an exclusive one.
        """
        found = self._touches(self.database, effect, begins, excludes)
        for database in self.attached.values():
            found += self._touches(database, effect, begins, excludes)
        return self._with_connection(found, sets=effect == SETS) if self.is_shared else found

    def _with_connection(self, touches: Touches, *, sets: bool = False) -> Touches:
        return (*touches, (self.settings, None, WRITES if sets else _READS), (self.key, None, WRITES))

    def key_of_cursor(self) -> Key | None:
        """Return what stands for the state of a new cursor; None if no other thread can use it."""
        return _InUse(f"a cursor on {self.database.name}") if self.is_shared else None

    def _touches(self, database: Database, effect: Effect, begins: bool, excludes: bool) -> Touches:
        touches = self._touches_of_database(database, effect, begins, excludes)
        if not touches or touches is database.reserves:
            return touches
        return touches + database.as_file(writes=touches is not database.reads)

    def _touches_of_database(self, database: Database, effect: Effect, begins: bool, excludes: bool) -> Touches:
        within = self.in_transaction
        if within and self.writes and not database.shares_cache and effect in (READS, CHANGES, SETS):
            # No other connection can commit meanwhile, nor sees what this one has not committed.
            return NOTHING
        if effect in (READS, SETS):
            # Whatever else a statement does, it may have to read which tables there are.
            return database.reads
        if effect == CHANGES:
            if not (within or begins) or excludes:
                return database.writes
            # Its own read comes with the lock: what others commit touches that as well.
            return database.reserves
        if effect in _LOCKING_NOTHING:
            return NOTHING
        if effect in _ENDING:
            if not within:
                return NOTHING
            if not self.wrote:
                # Who waits to commit may wait for that.
                return NOTHING if self.clean else database.reads
            return database.writes if effect != ROLLS_BACK or self.exclusive else database.reserves
        return database.reserves if effect == RESERVES else database.writes

    def set_timeout(self, timeout: int) -> None:
        """Note how many milliseconds the program lets the connection wait for locks."""
        self.timeout = timeout
        if timeout == 0:
            for database in self.databases:
                database.is_impatient = True

    def fetches_matter(self, statement: Statement) -> bool:
        """Whether it matters for others when rows of a statement are fetched.

        They were determined when the statement was run. The last fetch ends the read; a connection that wants to commit
        waits for that, unless it is not to wait at all.
        """
        if not self.touches_of_fetch(statement):
            return False
        others = any(database.shares_cache or database.is_impatient for database in self.databases)
        return self.is_shared or others or statement.effect == CHANGES

    def touches_of_fetch(self, statement: Statement) -> Touches:
        """Return what a fetch touches that may be the last one."""
        found: Touches = NOTHING
        if not self.in_transaction:
            for database in self.databases:
                found += database.writes if statement.effect == CHANGES else database.reads
        return self._with_connection(found) if self.is_shared else found

    # -- what has happened -----------------------------------------------------------------------------------

    def after(self, unit: Unit | None, statement: Statement, within: bool, *, failed: bool, busy: bool) -> None:
        """Note what a statement has done; `within` says whether the connection is in a transaction now.

        `failed` says whether it has raised an error, and `busy` whether that was because of another connection's lock.
        """
        was, effect = self.in_transaction, statement.effect
        if was and not within and effect not in _ENDING:
            # An error has rolled it back: `INSERT OR ROLLBACK`, or a trigger.
            self.mark_end("rollback", self.touches(ROLLS_BACK))
        self.in_transaction = within
        if statement.temporary:
            self.plain = False
        if not within:
            if was:
                self._begin_anew()
                self.may_have_released()
            return
        if was and effect == COMMITS and not failed:
            # The next one has begun at once (`autocommit=False`).
            self._begin_anew()
            self.may_have_released()
            return
        if not was:
            self._begin_anew()
            self._took(unit, statement)
        if busy:
            self.exclusive = self.exclusive or effect == COMMITS
            return
        if effect not in _LOCKING_NOTHING or self.readings:
            if self.clean:
                self._took(unit, statement)
            self.clean = False
        if effect in _WRITING:
            if not self.wrote:
                self._took(unit, statement)
            self.wrote = True
            self.exclusive = self.exclusive or effect not in (CHANGES, RESERVES)
            if not failed and (effect in (RESERVES, EXCLUDES) or (self.plain and effect == CHANGES)):
                self.writes = True
            if statement.table:
                self.tables.add(statement.table)
            if not failed and effect in (CHANGES, DEFINES):
                self.changes.append(statement.text)

    def _took(self, unit: Unit | None, statement: Statement) -> None:
        self.unit = unit
        self.file = self.database.file
        self.since = None if unit is None else unit.operation
        self.statement = statement.text

    def reads_on(self, unit: Unit, statement: Statement) -> Reading:
        """Note that there may be rows of a statement to be fetched."""
        if not (self.in_transaction or self.readings):
            self._took(unit, statement)
        return Reading(self, statement)

    def may_have_released(self) -> None:
        """Note that other connections may be able to continue."""
        for database in self.databases:
            database.released()

    def mark_end(self, verb: str, touches: Touches, seen: int = -1) -> None:
        """Record that a lock is given back without a step, because a cursor or the connection is gone.

        If there were `seen` steps when it was last used, and no more now, that belongs to the last step.
        """
        unit = _units[_get_ident()]
        if unit is None or not touches or len(unit.log) == seen:
            return
        place = user_frame(sys._getframe(2))
        if place is not None:
            text = verb if verb == "rollback" else f"{verb} a connection to {self.database.name}"
            step = external_step(self.database.name, verb, _Look(touches, True, text), place)
            unit.execution.mark(unit, step, touches)

    def gone(self) -> None:
        """Note that the connection is gone: with it, SQLite ends its transaction."""
        held, touches = self.holds, self.touches(ROLLS_BACK)
        self.in_transaction = False
        self.readings = self.returning = 0
        for database in self.databases:
            database.sessions.discard(self)
        if held:
            self.mark_end("close", touches)
            self.may_have_released()


class Token:
    """Part of a connection: it is gone when the connection is, while a session is kept by steps."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def __del__(self) -> None:
        self._session.gone()
