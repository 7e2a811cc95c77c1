"""Programs that use one SQLite database from several threads, run by `test_databases.py`: with one bug each, or none.

Each takes the path of the database, which `made` has made, and returns whether all is well, if it returns.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.quality.sharing import in_threads


def made(path: Path) -> Path:
    """Make the database: one account, one job, and a second database beside it."""
    for each in (path, path.with_name("other.db")):
        for leftover in path.parent.glob(f"{each.name}*"):
            leftover.unlink()
        with closing(sqlite3.connect(each)) as db, db:
            db.execute("create table account (id integer primary key, balance int)")
            db.execute("create table job (id integer primary key, worker text)")
            db.execute("insert into account values (1, 0)")
            db.execute("insert into job values (1, null)")
    return path


@contextmanager
def opened(path: Path, *statements: str, **options: Any) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None, **options)) as db:
        for statement in statements:
            db.execute(statement)
        yield db


def balance(db: sqlite3.Connection) -> int:
    (found,) = db.execute("select balance from account where id = 1").fetchone()
    assert isinstance(found, int)
    return found


def balance_at(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return balance(db)


# -- with a bug --


def lost_update(path: Path) -> bool:
    def add() -> None:
        with closing(sqlite3.connect(path)) as db:
            found = balance(db)
            db.execute("update account set balance = ? where id = 1", (found + 1,))
            db.commit()

    in_threads(add, add)
    return balance_at(path) == 2


def insert_after_check(path: Path) -> bool:
    def add() -> None:
        with closing(sqlite3.connect(path)) as db, db:
            if db.execute("select * from account where id = 2").fetchone() is None:
                db.execute("insert into account values (2, 0)")

    in_threads(add, add)
    return True


def claimed_twice(path: Path) -> bool:
    claimed = []

    def work(name: str) -> None:
        with opened(path) as db:
            job = db.execute("select id from job where worker is null").fetchone()
            if job is not None:
                db.execute("update job set worker = ? where id = ?", (name, job[0]))
                claimed.append(name)

    in_threads(lambda: work("ann"), lambda: work("bob"))
    return len(claimed) == 1


def two_reads(path: Path) -> bool:
    seen = []

    def transfer() -> None:
        with opened(path, "begin immediate") as db:
            db.execute("update account set balance = 1")
            db.execute("update job set worker = 'ann'")
            db.execute("commit")

    def look() -> None:
        with opened(path) as db:
            seen.append((balance(db), db.execute("select worker from job").fetchone()[0]))

    in_threads(transfer, look)
    return seen[0] in ((0, None), (1, "ann"))


def shared_connection(path: Path) -> bool:
    with closing(sqlite3.connect(path, check_same_thread=False)) as db:

        def try_out() -> None:
            db.execute("update account set balance = 100 where id = 1")
            db.rollback()

        def work() -> None:
            db.execute("update job set worker = 'ann'")
            db.commit()

        in_threads(try_out, work)
        return balance(db) == 0 and db.execute("select worker from job").fetchone() == ("ann",)


def deferred_upgrade(path: Path) -> bool:
    def add() -> None:
        with opened(path, "begin") as db:
            db.execute("update account set balance = ? where id = 1", (balance(db) + 1,))
            db.execute("commit")

    in_threads(add, add)
    return True


def snapshot_upgrade(path: Path) -> bool:
    with opened(path, "pragma journal_mode = wal"):
        pass
    return deferred_upgrade(path)


def two_databases(path: Path) -> bool:
    other = path.with_name("other.db")

    def transfer(first: Path, second: Path) -> None:
        with opened(first, "begin immediate") as one, opened(second, "begin immediate") as two:
            one.execute("commit")
            two.execute("commit")

    in_threads(lambda: transfer(path, other), lambda: transfer(other, path))
    return True


def no_patience(path: Path) -> bool:
    def add() -> None:
        with opened(path, timeout=0) as db:
            db.execute("begin immediate")
            db.execute("commit")

    in_threads(add, add)
    return True


def in_a_shared_cache(path: Path) -> bool:
    def add() -> None:
        with opened(f"file:{path}?cache=shared", "begin immediate", uri=True) as db:  # type: ignore[arg-type]
            db.execute("commit")

    in_threads(add, add)
    return True


RACY = [
    lost_update, insert_after_check, claimed_twice, two_reads, shared_connection, deferred_upgrade, snapshot_upgrade,
    two_databases, no_patience, in_a_shared_cache,
]  # fmt: skip


# -- correct --


def one_statement(path: Path) -> bool:
    def add() -> None:
        with opened(path) as db:
            db.execute("update account set balance = balance + 1 where id = 1")

    in_threads(add, add)
    return balance_at(path) == 2


def begin_immediate(path: Path) -> bool:
    def add() -> None:
        with opened(path, "begin immediate") as db:
            db.execute("update account set balance = ? where id = 1", (balance(db) + 1,))
            db.execute("commit")

    in_threads(add, add)
    return balance_at(path) == 2


def begin_exclusive(path: Path) -> bool:
    def add() -> None:
        with opened(path, "begin exclusive") as db:
            db.execute("update account set balance = ? where id = 1", (balance(db) + 1,))
            db.execute("commit")

    in_threads(add, add)
    return balance_at(path) == 2


def implicit_immediate(path: Path) -> bool:
    def add() -> None:
        with closing(sqlite3.connect(path, isolation_level="IMMEDIATE")) as db, db:
            db.execute("update account set balance = balance + 1")
            db.execute("update account set balance = balance + 1")

    in_threads(add, add)
    return balance_at(path) == 4


def savepoints(path: Path) -> bool:
    def add() -> None:
        with opened(path, "savepoint a") as db:
            db.execute("update account set balance = balance + 1")
            db.execute("savepoint b")
            db.execute("update account set balance = 100")
            db.execute("rollback to b")
            db.execute("release a")

    in_threads(add, add)
    return balance_at(path) == 2


def unique_with_retry(path: Path) -> bool:
    def add() -> None:
        with closing(sqlite3.connect(path)) as db:
            while True:
                (highest,) = db.execute("select max(id) from account").fetchone()
                try:
                    with db:
                        db.execute("insert into account values (?, 0)", (highest + 1,))
                except sqlite3.IntegrityError:
                    continue
                return

    in_threads(add, add)
    with closing(sqlite3.connect(path)) as db:
        found: int = db.execute("select count(*) from account").fetchone()[0]
        return found == 3


def commit_waits_for_reader(path: Path) -> bool:
    seen = []

    def write() -> None:
        with opened(path, "begin immediate") as db:
            db.execute("update account set balance = 1")
            db.execute("update job set worker = 'ann'")
            db.execute("commit")

    def read() -> None:
        with opened(path, "begin") as db:
            seen.append((balance(db), db.execute("select worker from job").fetchone()[0]))
            db.execute("commit")

    in_threads(write, read)
    return seen[0] in ((0, None), (1, "ann"))


def wal_reader(path: Path) -> bool:
    with opened(path, "pragma journal_mode = wal"):
        return commit_waits_for_reader(path)


def wal_reader_beside_two_writers(path: Path) -> bool:
    """The end of the read gives back nothing that the writers wait for."""
    with opened(path, "pragma journal_mode = wal"):
        pass

    def add() -> None:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("update account set balance = balance + 1")

    def read() -> None:
        with closing(sqlite3.connect(path)) as db:
            db.execute("select * from account").fetchall()

    in_threads(read, add, add)
    return balance_at(path) == 2


def cursor_keeps_reading(path: Path) -> bool:
    seen = []

    def write() -> None:
        with opened(path) as db:
            db.execute("update account set balance = 1")

    def read() -> None:
        with opened(path) as db:
            cursor = db.execute("select balance from account union all select balance from account")
            seen.append((cursor.fetchone(), cursor.fetchone()))

    in_threads(write, read)
    return seen[0][0] == seen[0][1]


def returning(path: Path) -> bool:
    seen = []

    def write() -> None:
        with opened(path) as db:
            seen.extend(db.execute("update account set balance = balance + 1 returning balance").fetchone())

    def read() -> None:
        with opened(path, "begin") as db:
            balance(db)
            db.execute("commit")

    in_threads(write, write, read)
    return sorted(seen) == [1, 2]


def retry_while_locked(path: Path) -> bool:
    def add() -> None:
        with opened(path, timeout=0) as db:
            while True:
                try:
                    db.execute("begin immediate")
                except sqlite3.OperationalError:
                    time.sleep(0.1)
                    continue
                break
            db.execute("update account set balance = ?", (balance(db) + 1,))
            db.execute("commit")

    in_threads(add, add)
    return balance_at(path) == 2


def upgrade_with_retry(path: Path) -> bool:
    def add() -> None:
        with opened(path) as db:
            while True:
                try:
                    db.execute("begin")
                    db.execute("update account set balance = ?", (balance(db) + 1,))
                    db.execute("commit")
                except sqlite3.OperationalError:
                    db.execute("rollback")
                    time.sleep(0.1)
                    continue
                return

    in_threads(add, add)
    return balance_at(path) == 2


def connection_under_a_lock(path: Path) -> bool:
    lock = threading.Lock()
    with closing(sqlite3.connect(path, check_same_thread=False)) as db:

        def add() -> None:
            with lock, db:
                db.execute("update account set balance = ?", (balance(db) + 1,))

        in_threads(add, add)
        return balance(db) == 2


def scripts(path: Path) -> bool:
    def add() -> None:
        with opened(path) as db:
            db.executescript("begin immediate; update account set balance = balance + 1; select 1; commit;")

    in_threads(add, add)
    return balance_at(path) == 2


def many_rows(path: Path) -> bool:
    def add() -> None:
        with closing(sqlite3.connect(path)) as db, db:
            db.executemany("update account set balance = balance + ?", iter([(1,), (1,)]))

    in_threads(add, add)
    return balance_at(path) == 4


def many_transactions(path: Path) -> bool:
    def add() -> None:
        with opened(path) as db:
            assert db.executemany("update account set balance = balance + ?", iter([(1,), (1,)])).rowcount == 2

    in_threads(add, add)
    return balance_at(path) == 4


def attached(path: Path) -> bool:
    def add() -> None:
        with opened(path, f"attach '{path.with_name('other.db')}' as other", "begin immediate") as db:
            db.execute("update other.account set balance = balance + 1")
            db.execute("commit")

    def add_there() -> None:
        with opened(path.with_name("other.db"), "begin immediate") as db:
            db.execute("update account set balance = ?", (balance(db) + 1,))
            db.execute("commit")

    in_threads(add, add_there)
    return balance_at(path.with_name("other.db")) == 2


def schema(path: Path) -> bool:
    def make() -> None:
        with opened(path, "create table if not exists made (n)") as db:
            db.execute("insert into made values (1)")

    in_threads(make, make)
    with closing(sqlite3.connect(path)) as db:
        return bool(db.execute("select count(*) from made").fetchone() == (2,))


CORRECT = [
    one_statement, begin_immediate, begin_exclusive, implicit_immediate, savepoints, unique_with_retry,
    commit_waits_for_reader, wal_reader, cursor_keeps_reading, returning, retry_while_locked, upgrade_with_retry,
    connection_under_a_lock, scripts, many_rows, many_transactions, attached, schema,
]  # fmt: skip
#: These are so small that every schedule can be run.
SMALL = [
    one_statement, begin_immediate, begin_exclusive, savepoints, commit_waits_for_reader, wal_reader,
    cursor_keeps_reading, scripts, many_rows, many_transactions, attached, two_reads, no_patience, in_a_shared_cache,
    two_databases,
]  # fmt: skip
