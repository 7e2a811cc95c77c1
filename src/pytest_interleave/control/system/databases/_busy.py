"""Statements that find a database locked: in a controlled thread, SQLite's busy timeout is a wait in virtual time.

SQLite does not call its busy handler, and so does not wait, in some cases. There, waiting would hide a failure or, if
both transactions waited, invent one. The rules follow from the sources of SQLite 3.40 to 3.53:

- `sqlite3BtreeBeginTrans()` in `btree.c` calls the handler for a lock to read or to write only if the connection is in
  no transaction of this database (`pBt->inTransaction==TRANS_NONE`). So a transaction that has read, or a connection
  whose SELECT is not finished, fails at once if it wants to write while another one does: the "deferred upgrade".
- `pager_wait_on_lock()` in `pager.c` always calls it: for a lock to read (SHARED), and for the one that excludes
  readers (EXCLUSIVE), with which a transaction commits (`sqlite3PagerExclusiveLock()`) and BEGIN EXCLUSIVE begins. So a
  commit waits for readers. While it does, it keeps new ones away (PENDING), also after it has failed.
- In WAL mode, a transaction whose snapshot is out of date fails with SQLITE_BUSY_SNAPSHOT, at once (`wal.c`).
- In a shared cache, SQLITE_LOCKED comes at once; there is no handler for it.
- `PRAGMA journal_mode` reads first, and then wants to write: it fails at once if another connection writes.

Whether a connection is in such a transaction is asked of SQLite: `sqlite3BtreeCheckpoint()` fails with SQLITE_LOCKED
exactly if `pBt->inTransaction!=TRANS_NONE`, for `PRAGMA wal_checkpoint`, which otherwise changes no content.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ...execution.units._at_large import LetGo, settled
from ...execution.units._waits import blocker_of
from ...steps._external import External
from ...steps._kinds import ACQUIRE
from ...steps._operations import ImpatientOperation, Operation
from .._uses import user_frame
from ._asking import LOCKED, has_begun, internally, is_about_lock, is_wal, is_within, prepare, set_timeout, succeeds
from ._callbacks import without_preemption
from ._databases import Database, Holder, Refused, note_refused
from ._statements import CHANGES, COMMIT, COMMITS, DEFINES, EXCLUDES, MAY_COMMIT, READS, RESERVES

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ...steps._external import Doing
    from ._sessions import Session
    from ._statements import Statement

#: What takes the lock for writing.
_WRITING = frozenset((CHANGES, DEFINES, EXCLUDES, RESERVES))
#: From this many milliseconds on, a timeout is no limit that a program waits for.
_DAY = 86_400_000
#: At most this many failures are remembered for reports.
_MOST_REFUSED = 100


class Run:
    """A statement that a controlled thread runs: what it is, and how to do it."""

    # No named tuple: its methods are code that is in scope.
    __slots__ = ("begins", "call", "connection", "session", "statement", "unit", "waited")

    def __init__(
        self, unit: Unit, session: Session, connection: Any, statement: Statement, call: Callable[[], Any]
    ) -> None:
        self.unit = unit
        self.session = session
        self.connection = connection
        self.statement = statement
        self.call = call
        #: Whether Python begins a transaction before it.
        self.begins = False
        #: Whether it has waited for another connection.
        self.waited = False

    @property
    def reads_nothing(self) -> bool:
        """Whether its connection is certainly in no transaction that has read or written anything."""
        session = self.session
        return not session.readings and (session.clean or not session.in_transaction)


def perform(run: Run) -> Any:
    """Run a statement in a controlled thread; while another connection is in its way, wait as SQLite would."""
    session = run.session
    prepare(session, run.connection, run.statement.effect, virtual=True)
    reads_nothing = run.reads_nothing
    try:
        return _attempt(run)
    except sqlite3.OperationalError as error:
        if not is_about_lock(error) or run.unit.execution.closing is not None:
            raise
        busy = error
    return _Wait(run, busy, reads_nothing=reads_nothing).wait()


def _attempt(run: Run) -> Any:
    """Run a statement, and note what it has done."""
    failed, busy = True, False
    try:
        with without_preemption(run.unit):
            result = run.call()
        failed = False
        return result
    except sqlite3.Error as error:
        busy = is_about_lock(error)
        raise
    finally:
        run.session.after(run.unit, run.statement, is_within(run.connection), failed=failed, busy=busy)


def perform_really(run: Run) -> Any:
    """Run a statement that is no step, or that another process is in the way of, with SQLite's own timeout."""
    session = run.session
    prepare(session, run.connection, run.statement.effect, virtual=False)
    failed = True
    try:
        result = run.call()
        failed = False
        return result
    finally:
        session.after(None, run.statement, is_within(run.connection), failed=failed, busy=False)


def wait_for_readers(run: Run) -> None:
    """Let a thread wait, before it fetches what may be the last row of a change, as that commits.

    If it found then that others read, it could not try again.
    """
    session = run.session
    if session.timeout <= 0 or run.unit.execution.closing is not None:
        return
    wait = _Wait(run, sqlite3.OperationalError(LOCKED), reads_nothing=False)
    for database in session.databases:
        if database.blocking(session, readers=True) and not is_wal(session, run.connection):
            wait.while_read(database)


class _Wait:
    """The wait of a statement that has found the database locked."""

    def __init__(self, run: Run, error: sqlite3.OperationalError, *, reads_nothing: bool) -> None:
        self._run = run
        self._error = error
        self._reads_nothing = reads_nothing
        #: The last step that waited.
        self._step: ImpatientOperation | None = None
        #: The call that is still to succeed.
        self._call: Callable[[], Any] = lambda: _attempt(run)
        #: Whether it is run in a transaction of its own, and whether only the commit of that is left.
        self._is_reserved = self._is_done = False
        self._result: Any = None

    def wait(self) -> Any:
        """Wait and try again until it succeeds, fails otherwise, or time is over; return the result."""
        session = self._run.session
        try:
            if session.timeout <= 0 or not self._may_wait():
                self._refuse()
            if self._is_done and not is_within(self._run.connection):
                return self._result
            database = self._database()
            return self._really() if database is None else self._virtually(database)
        except BaseException:
            self._give_up()
            raise

    def _database(self) -> Database | None:
        """Return the database of which a known connection may be in the way; None if there is none."""
        session = self._run.session
        return next((each for each in session.databases if self._blocking(each)), None)

    def _blocking(self, database: Database) -> list[Session]:
        effect = self._run.statement.effect
        waits_for_readers = self._is_done or effect not in (CHANGES, DEFINES, READS, RESERVES)
        return database.blocking(self._run.session, readers=waits_for_readers)

    def _virtually(self, database: Database) -> Any:
        run = self._run
        execution = run.unit.execution
        deadline = self._deadline()
        while True:
            try:
                is_released = self._wait_once(database, deadline)
            except LetGo:
                settled()
                return self._really()
            if execution.closing is not None:
                raise self._error
            if not is_released:
                if self._blocking(database):
                    self._refuse()
                # It waits for none of those that are known.
                return self._really()
            try:
                result = self._call()
            except sqlite3.OperationalError as error:
                if not is_about_lock(error):
                    raise
                self._error = error
                if not self._is_done and not self._may_wait():
                    self._refuse()
                continue
            return self._result if self._is_done else result

    def _deadline(self) -> int | None:
        run = self._run
        timeout = run.session.timeout
        return None if timeout >= _DAY else run.unit.execution.clock.deadline(timeout / 1000)

    def _wait_once(self, database: Database, deadline: int | None) -> bool:
        """Wait until a lock has been given back; return False if the deadline came first."""
        unit = self._run.unit
        place = user_frame(sys._getframe(1)) or sys._getframe()
        self._run.waited = True
        self._step = ImpatientOperation(ACQUIRE, database, place.f_code, place.f_lasti, mutates=False)
        database.seen[unit.index] = database.releases
        database.wanted[unit.index] = self._run.statement.text
        if self._run.statement.effect in _WRITING and not self._is_done:
            database.writers[unit.index] = self._run.session
        try:
            return unit.execution.wait_for(unit, self._step, database, deadline)
        finally:
            database.writers.pop(unit.index, None)
            database.seen.pop(unit.index, None)
            database.wanted.pop(unit.index, None)

    def while_read(self, database: Database) -> None:
        """Wait until no other connection reads, or time is over."""
        deadline = self._deadline()
        try:
            while database.blocking(self._run.session, readers=True):
                if not self._wait_once(database, deadline):
                    return
        except LetGo:
            settled()

    def _really(self) -> Any:
        """Wait in real time, for another process or an uncontrolled thread; others run meanwhile."""
        run = self._run
        outside = run.unit.execution.outside
        if run.unit.at_large:
            return perform_really(Run(run.unit, run.session, run.connection, run.statement, self._call))
        outside.leave(run.unit)
        failed, busy = True, False
        try:
            set_timeout(run.session, run.connection, virtual=False)
            result = run.call() if not self._is_done else self._call()
            failed = False
        except sqlite3.Error as error:
            busy = is_about_lock(error)
            raise
        finally:
            set_timeout(run.session, run.connection, virtual=True)
            run.session.after(run.unit, run.statement, is_within(run.connection), failed=failed, busy=busy)
            outside.come_back(run.unit)
        return self._result if self._is_done else result

    # -- whether SQLite would wait ---------------------------------------------------------------------------

    def _may_wait(self) -> bool:
        """Whether SQLite would have called its busy handler."""
        run = self._run
        session, connection, statement = run.session, run.connection, run.statement
        code, effect = self._error.sqlite_errorcode, statement.effect
        if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_ERROR):
            return code & 0xFF == sqlite3.SQLITE_BUSY and not self._is_out_of_date()
        if effect in (COMMITS, MAY_COMMIT, READS) or code == sqlite3.SQLITE_ERROR:
            # The latter is from the lock to read of a blob: see `is_about_lock`.
            return True
        if is_within(connection):
            return self._reads_nothing or not has_begun(session, connection)
        if effect in (CHANGES, DEFINES) and not statement.returns and not run.begins:
            if succeeds(session, connection, "BEGIN IMMEDIATE"):
                # It could write, but not commit: other connections read.
                self._write()
                return True
            return self._reads_nothing or not has_begun(session, connection)
        if statement.pragma == "journal_mode":
            if not succeeds(session, connection, "SELECT 1 FROM sqlite_master LIMIT 1"):
                return True
            return self._is_free()
        return self._reads_nothing or not has_begun(session, connection) or (effect == EXCLUDES and self._is_free())

    def _is_out_of_date(self) -> bool:
        return self._error.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT

    def _is_free(self) -> bool:
        """Whether no other connection has the lock for writing."""
        session, connection = self._run.session, self._run.connection
        return succeeds(session, connection, "BEGIN IMMEDIATE") and succeeds(session, connection, "ROLLBACK")

    def _write(self) -> None:
        """Run a statement in a transaction that is still to be committed, as SQLite does while it waits for readers."""
        run = self._run
        self._is_reserved = True
        self._result = _attempt(run)
        self._is_done = True
        commit = Run(
            run.unit, run.session, run.connection, COMMIT, lambda: internally(run.session, run.connection, "COMMIT")
        )
        self._call = lambda: _attempt(commit)
        # This makes it keep new readers away.
        try:
            self._call()
        except sqlite3.OperationalError as error:
            if not is_about_lock(error):
                raise

    def _give_up(self) -> None:
        """Roll back what is not committed."""
        run = self._run
        if self._is_reserved and is_within(run.connection):
            succeeds(run.session, run.connection, "ROLLBACK")
            run.session.after(run.unit, run.statement, is_within(run.connection), failed=True, busy=False)

    # -- the failure -----------------------------------------------------------------------------------------

    def _refuse(self) -> None:
        """Raise the error, with a note that says which threads are in the way."""
        run = self._run
        held = [(each, database) for database in run.session.databases for each in self._blocking(database)]
        database = held[0][1] if held else run.session.database
        holders = tuple(_holder(each, each.unit) for each, its in held if its is database and each.unit is not None)
        reason = self._reason(database)
        own = doing_of(run.session.since) if run.session.holds else None
        circle = next((each for each in holders if self._step is not None and waits_for(each.unit, run.unit)), None)
        refused = Refused(
            run.unit,
            database.describe(),
            run.statement.text,
            own,
            len(run.unit.log),
            reason,
            self._step,
            holders,
            circle,
            None if circle is None else _taken(circle.unit, run.unit),
        )
        database.refused.append(refused)
        del database.refused[:-_MOST_REFUSED]
        for note in self._notes(refused, database):
            self._error.add_note(note)
        note_refused(self._error, refused)
        raise self._error

    def _reason(self, database: Database) -> str:
        if self._step is not None:
            return "timeout"
        if self._is_out_of_date():
            return "snapshot"
        if database.shares_cache:
            return "cache"
        return "upgrade" if self._run.session.timeout > 0 else "at once"

    def _notes(self, refused: Refused, database: Database) -> Iterator[str]:
        run = self._run
        if self._step is not None:
            yield f"{run.unit.name} has waited {run.session.timeout / 1000:g} s for {database.describe()}."
        elif self._is_out_of_date():
            yield "SQLite does not wait here: another thread has committed since this transaction first read."
        elif run.session.timeout > 0 and not database.shares_cache:
            yield "SQLite does not wait here: this connection already reads, and now wants to write."
        for holder in refused.holders:
            since = "" if holder.where is None else f" ({holder.where})"
            waits = "" if holder.waits_for is None else f" It waits for {holder.waits_for}."
            yield f"{holder.unit.name} has held {database.describe()} since {holder.statement!r}{since}.{waits}"


def _holder(session: Session, unit: Unit) -> Holder:
    step, resource = session.since, unit.resource
    waits = resource is not None and (unit.timed_out or not unit.enabled) and hasattr(type(resource), "describe")
    return Holder(
        unit,
        session.statement,
        doing_of(step),
        None if step is None else step.where(),
        str(resource.describe()) if waits else None,  # type: ignore[union-attr]
        resource.wanted.get(unit.index, "") if isinstance(resource, Database) else "",
    )


def waits_for(unit: Unit, other: Unit) -> bool:
    """Whether a thread waits for another one, perhaps through others."""
    seen: set[Unit] = set()
    waiting: Unit | None = unit
    while waiting is not None and waiting not in seen:
        seen.add(waiting)
        waiting = blocker_of(waiting)
        if waiting is other:
            return True
    return False


def _taken(unit: Unit, holder: Unit) -> Doing | None:
    """Return the step by which `holder` has taken the database that `unit` waits for."""
    resource: object = unit.resource
    held = resource.blocking(readers=True) if isinstance(resource, Database) else []
    return next((doing_of(session.since) for session in held if session.unit is holder), None)


def doing_of(step: Operation | None) -> Doing | None:
    """Return the words for a step on a database; None if it is none."""
    return step.doing if isinstance(step, External) else None
