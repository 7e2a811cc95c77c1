"""Databases that threads use: what identifies one, and what waits until another connection has given its lock back."""

from __future__ import annotations

import itertools
import os
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote

from ...execution.units import _current
from ...execution.units._resources import TimesOut
from ...scope import _real
from ...steps._external import Key
from ...steps._things import Thing
from ...steps._touches import READS, WRITES, Touches
from ..files._paths import inode_of, status, target_of
from ..files._touched import data, directory_at, name_of

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ...scope._places import Place
    from ...steps._external import Doing
    from ...steps._operations import Operation
    from ._sessions import Session

_units = _current.units
_get_ident = _real.get_ident
#: Numbers of databases that have no name.
_numbers = itertools.count(1)


class Holder(NamedTuple):
    """A transaction that others wait for: its thread, its statement that others wait for, and where that was run."""

    unit: Unit
    statement: str
    #: The words for the step that ran the statement, which identify it; None if that was no step.
    since: Doing | None
    where: Place | None
    #: What the thread itself waits for: another database, a lock; None if it does not wait.
    waits_for: str | None
    #: The statement for which it waits, if it waits for a database.
    waiting_statement: str


class Refused(NamedTuple):
    """A statement that another transaction has made fail: SQLite does not wait for that, or not any longer."""

    unit: Unit
    #: The database, for messages.
    name: str
    statement: str
    #: The step that began what its own transaction holds, see `Holder.since`.
    since: Doing | None
    #: The number of steps that there had been.
    position: int
    #: Why: "timeout"; "upgrade" if it reads already, and wants to write; "snapshot" if what it has read is out of date;
    #: "cache" if the database is in a shared cache; "at once" if it is not to wait.
    reason: str
    #: The last step that waited; None if SQLite does not wait at all.
    wait: Operation | None
    holders: tuple[Holder, ...]
    #: The holder that waited for this thread, perhaps through others: a circular wait; None if none did.
    circle: Holder | None = None
    #: The step by which this thread has taken what that holder waits for; None if it is no database.
    taken: Doing | None = None


#: By exception, the statement whose failure it is. As an attribute, it would be a part of what the exception contains.
_refused: weakref.WeakKeyDictionary[BaseException, Refused] = weakref.WeakKeyDictionary()


def note_refused(error: BaseException, refused: Refused) -> None:
    """Note which statement's failure an exception is."""
    _refused[error] = refused


def refused_by(error: BaseException) -> Refused | None:
    """Return the statement whose failure an exception is; None if it is not that of one that was refused."""
    try:
        return _refused.get(error)
    except TypeError:
        # Of a class whose objects cannot be hashed, or have no weak references.
        return None


class Database(Key, TimesOut):
    """A database; what its connections hold of it decides which of them can continue.

    Its part "lock" stands for the lock for writing, and "data" for what has been committed.
    """

    __slots__ = (
        "is_impatient", "is_private", "reads", "refused", "releases", "reserves", "seen", "sessions", "shares_cache",
        "thing", "waiting", "wanted", "writers", "writes",
    )  # fmt: skip

    def __init__(self, thing: Thing, *, is_private: bool = False, shares_cache: bool = False) -> None:
        super().__init__(thing.name or name_of(str(thing.key)))
        self.thing = thing
        #: Whether no other connection can use it.
        self.is_private = is_private
        #: Whether connections to it share a cache: then some see what others have not committed yet.
        self.shares_cache = False
        #: Whether a connection that does not wait for locks has used it.
        self.is_impatient = False
        self.waiting: list[Unit] = []
        #: How many times a lock may have been given back, and that number when a waiting thread, by its index, failed.
        self.releases = 0
        self.seen: dict[int, int] = {}
        #: The connections of threads that wait for the lock for writing, by the threads' indexes.
        self.writers: dict[int, Session] = {}
        #: The statements of waiting threads, by their indexes.
        self.wanted: dict[int, str] = {}
        #: The statements that have failed because of other connections, the last ones last.
        self.refused: list[Refused] = []
        self.sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        address = id(self)
        self.reads: Touches = ((address, "data", READS),)
        #: Of a statement that takes the lock for writing; in a shared cache, others see at once what it writes.
        self.reserves: Touches = ((address, "lock", WRITES),)
        self.writes: Touches = ((address, "lock", WRITES), (address, "data", WRITES))
        if shares_cache:
            self.share_cache()

    def share_cache(self) -> None:
        """Note that connections share a cache."""
        self.shares_cache = True
        self.reserves = self.writes

    # -- for the scheduler -----------------------------------------------------------------------------------

    @property
    def owner(self) -> Unit | None:
        """The only thread that holds what others wait for; None if there are several, or none."""
        holders = {session.unit for session in self._holding()}
        return next(iter(holders)) if len(holders) == 1 else None

    def _holding(self) -> list[Session]:
        return self.blocking(readers=False) or self.blocking(readers=True)

    def blocking(self, but: Session | None = None, *, readers: bool) -> list[Session]:
        """Return the connections that may be in the way of another one; with `readers`, those that only read, too."""
        held = [
            session
            for session in self.sessions
            if session is not but
            and (session.holds if readers else session.may_write)
            and not self._is_of_another_file(session)
        ]
        held.sort(key=lambda session: session.number)
        return held

    @property
    def file(self) -> tuple[int, int] | None:
        """What identifies the present file of the database; None if it is none."""
        found = status(self.thing.key, follow=True) if isinstance(self.thing.key, str) else None
        return None if found is None else inode_of(found)

    def as_file(self, *, writes: bool) -> Touches:
        """Return what a statement touches of the database's file, which threads may use as a file, too."""
        path = self.thing.key
        if not isinstance(path, str):
            return ()
        found = status(path, follow=True)
        above, name = os.path.split(path)
        return (
            (directory_at(above), name, WRITES if found is None else READS),
            *data(found, WRITES if writes else READS),
        )

    def _is_of_another_file(self, session: Session) -> bool:
        """Whether a connection that was left open has the file of an earlier execution, which had the same path."""
        unit = session.unit
        return unit is not None and unit.execution.over and session.file != self.file

    def acquired_at(self) -> Place | None:
        """Return where the owner took its lock; None if it is not known."""
        steps = [session.since for session in self._holding() if session.since is not None]
        return steps[0].where() if len(steps) == 1 else None

    def available(self, unit: Unit, /) -> bool:
        """Whether a lock may have been given back since the statement of `unit` failed, and no other is in its way."""
        if self.seen.get(unit.index) == self.releases:
            return False
        writer = self.writers.get(unit.index)
        if writer is None:
            return True
        # With another database attached, it is not known of which one a transaction has the lock.
        return not any(session.writes and not session.attached for session in self.blocking(writer, readers=False))

    def released(self) -> None:
        """Note that a lock may have been given back."""
        self.releases += 1
        if self.waiting:
            unit = _units[_get_ident()]
            if unit is not None:
                unit.execution.enabled.refresh(self)

    def describe(self) -> str:
        """Return a text for messages."""
        return f"database {self.name}"


#: Databases that connections may share, by what identifies them.
_databases: dict[object, Database] = {}


def forget_databases() -> None:
    """Forget databases that no connection uses; to be called between tests."""
    for key, database in list(_databases.items()):
        if not database.sessions:
            del _databases[key]


def thing_of(database: Any, *, uri: bool) -> Thing:
    """Return the database that a call of `connect` opens; two that have no name are never the same."""
    return _thing_of(database, uri=uri)[0]


def _thing_of(database: Any, *, uri: bool) -> tuple[Thing, bool]:
    text = os.fsdecode(database)
    shares_cache = False
    if uri and text.startswith("file:"):
        name, _, query = text[len("file:") :].partition("?")
        options = parse_qs(query.partition("#")[0])
        text = unquote(name.partition("#")[0])
        if text.startswith("//"):
            text = "/" + text[2:].partition("/")[2]
        shares_cache = options.get("cache") == ["shared"]
        if options.get("vfs") == ["memdb"] and text.startswith("/"):
            # All connections of the process share it.
            return Thing("database", ("memory", text), text), shares_cache
        if options.get("mode") == ["memory"] or text == ":memory:":
            if shares_cache:
                return Thing("database", ("memory", text), text or ":memory:"), True
            text = ":memory:"
    if text in ("", ":memory:"):
        return Thing("database", ("memory", next(_numbers)), text or "without a name"), False
    return Thing("database", target_of(text).path), shares_cache


def database_of(database: Any, *, uri: bool) -> Database:
    """Return the database that a call of `connect` opens."""
    thing, shares_cache = _thing_of(database, uri=uri)
    if isinstance(thing.key, tuple) and isinstance(thing.key[1], int):
        return Database(thing, is_private=True)
    return database_at(thing, shares_cache=shares_cache)


def database_at(thing: Thing, *, shares_cache: bool = False) -> Database:
    """Return the database that a thing is."""
    known = _databases.get(thing.key)
    if known is None:
        known = _databases[thing.key] = Database(thing, shares_cache=shares_cache)
    elif shares_cache and not known.shares_cache:
        known.share_cache()
    return known
