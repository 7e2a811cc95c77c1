"""Finished epics, in a database of their own."""

import sqlite3
from contextlib import closing, contextmanager

from database import SCHEMA, Database
from projects import NoSuchEpic


class Archive:
    """Moves epics between two files. It may run in another process, so it has its own connections to both."""

    def __init__(self, path, tracker):
        self.path = path
        self.tracker = tracker

    def create(self):
        with closing(_connect(self.path)) as archive:
            archive.executescript(SCHEMA)

    def put(self, epic):
        """Moves a finished epic to the archive. Returns its id there. Raises `NoSuchEpic`."""
        with self._connections() as (tracker, archive):
            tracker.execute("BEGIN IMMEDIATE")
            archive.execute("BEGIN IMMEDIATE")
            return _move(epic, tracker, archive)

    def restore(self, epic):
        """Moves an epic from the archive to the tracker. Returns its id there. Raises `NoSuchEpic`."""
        with self._connections() as (tracker, archive):
            tracker.execute("BEGIN IMMEDIATE")
            archive.execute("BEGIN IMMEDIATE")
            return _move(epic, archive, tracker)

    def names(self):
        with closing(_connect(self.path)) as archive:
            return [name for (name,) in archive.execute("SELECT name FROM epic ORDER BY name")]

    @contextmanager
    def _connections(self):
        # Closing a connection rolls back what is not committed.
        with closing(_connect(self.tracker)) as tracker, closing(_connect(self.path)) as archive:
            yield tracker, archive


class HastyArchive(Archive):
    """Buggy: each method begins with the database that it takes the epic from, so the order is not the same."""

    def restore(self, epic):
        with self._connections() as (tracker, archive):
            archive.execute("BEGIN IMMEDIATE")
            tracker.execute("BEGIN IMMEDIATE")
            return _move(epic, archive, tracker)


def _connect(path):
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute(f"PRAGMA synchronous = {Database.SYNCHRONOUS}")
    return connection


def _move(epic, source, target):
    row = source.execute("SELECT name FROM epic WHERE id = ? AND finished", (epic,)).fetchone()
    if row is None:
        raise NoSuchEpic(epic)
    new = target.execute("INSERT INTO epic (name, finished) VALUES (?, 1)", row).lastrowid
    for task in source.execute("SELECT title, done, minutes FROM task WHERE epic = ?", (epic,)).fetchall():
        target.execute("INSERT INTO task (epic, title, done, minutes) VALUES (?, ?, ?, ?)", (new, *task))
    source.execute("DELETE FROM task WHERE epic = ?", (epic,))
    source.execute("DELETE FROM epic WHERE id = ?", (epic,))
    # A crash between the two leaves the epic in both databases, and not in none.
    target.commit()
    source.commit()
    return new
