"""Connections to the SQLite file, and transactions on them."""

import sqlite3
import threading
from contextlib import contextmanager

SCHEMA = """
CREATE TABLE epic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, finished INTEGER NOT NULL DEFAULT 0);
CREATE TABLE task (id INTEGER PRIMARY KEY, epic INTEGER NOT NULL REFERENCES epic ON DELETE CASCADE,
                   title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0, minutes INTEGER NOT NULL DEFAULT 0);
CREATE TABLE session (user TEXT PRIMARY KEY, seen REAL NOT NULL);
CREATE TABLE archive (line TEXT NOT NULL);
"""


class TooManyConnections(Exception):
    """All connections are in use, and none was returned in time."""


class Database:
    """At most `size` connections, which threads borrow; one thread writes at a time."""

    SYNCHRONOUS = "NORMAL"

    def __init__(self, path, *, size=8, patience=5.0):
        self.path = path
        self.writer = threading.Lock()
        self._patience = patience
        self._free = threading.Semaphore(size)
        self._idle = []

    def create(self, schema=SCHEMA):
        with self.connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(schema)

    @contextmanager
    def connection(self):
        """A connection for the block. Raises `TooManyConnections`."""
        if not self._free.acquire(timeout=self._patience):
            raise TooManyConnections
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._open()
            try:
                yield connection
            finally:
                self._idle.append(connection)
        finally:
            self._free.release()

    @contextmanager
    def transaction(self):
        """A connection for a block that writes: all of it is committed, or nothing if it raises."""
        with self.writer, self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def query(self, sql, *values):
        """All rows."""
        with self.connection() as connection:
            return connection.execute(sql, values).fetchall()

    def close(self):
        while self._idle:
            self._idle.pop().close()

    def _open(self):
        # Other processes may write, too: wait for them.
        connection = sqlite3.connect(self.path, timeout=5.0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {self.SYNCHRONOUS}")
        return connection


class SharedDatabase(Database):
    """Buggy: all threads use one connection. `check_same_thread=False` allows that, but does not make it safe."""

    def __init__(self, path, **options):
        super().__init__(path, **options)
        self._connection = self._open()

    @contextmanager
    def connection(self):
        yield self._connection

    @contextmanager
    def transaction(self):
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def close(self):
        self._connection.close()


class LocalDatabase(Database):
    """Buggy: each thread opens a connection when it first needs one.

    They are neither counted nor closed; nothing waits for another writer; and foreign keys are enabled where the
    tables are created, which enables them for that one connection only.
    """

    def __init__(self, path, **options):
        super().__init__(path, **options)
        self._local = threading.local()
        self._all = []

    def create(self, schema=SCHEMA):
        super().create(schema)
        self._local.connection.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def connection(self):
        if not hasattr(self._local, "connection"):
            self._local.connection = self._open()
            self._all.append(self._local.connection)
        yield self._local.connection

    @contextmanager
    def transaction(self):
        with self.connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def close(self):
        while self._all:
            self._all.pop().close()

    def _open(self):
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA synchronous = {self.SYNCHRONOUS}")
        return connection
