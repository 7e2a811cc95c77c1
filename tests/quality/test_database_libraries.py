"""Libraries that use `sqlite3` need no support of their own: races through them are found, and correct code passes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.thorough import some

from .sessions import rows_of

LIBRARIES = ("sqlalchemy", "aiosqlite", "peewee")

SOURCE = """
import asyncio
import sqlite3
from contextlib import closing

import aiosqlite
import peewee
import pytest
import sqlalchemy
from sqlalchemy import orm, pool

pytestmark = pytest.mark.concurrency(schedules=20)


class Base(orm.DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "account"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    balance: orm.Mapped[int]


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "bank.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)")
        connection.execute("INSERT INTO account VALUES (1, 0)")
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, template):
    path = tmp_path / "bank.db"
    path.write_bytes(template)
    yield path
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT balance FROM account").fetchone() == (100,)


@pytest.fixture(params=[pool.QueuePool, pool.NullPool])
def engine(request, path):
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=request.param)
    yield engine
    engine.dispose()


def test_sqlalchemy_lost_update(engine, run_concurrent):
    def deposit():
        with orm.Session(engine) as session, session.begin():
            session.get(Account, 1).balance += 50

    run_concurrent(deposit, workers=2)


def test_sqlalchemy_in_one_statement(engine, run_concurrent):
    def deposit():
        with orm.Session(engine) as session, session.begin():
            session.execute(sqlalchemy.update(Account).values(balance=Account.balance + 50))

    run_concurrent(deposit, workers=2)


class Model(peewee.Model):
    balance = peewee.IntegerField()

    class Meta:
        table_name = "account"


@pytest.fixture
def database(path):
    database = peewee.SqliteDatabase(path, thread_safe=True)
    with database.bind_ctx([Model]):
        yield database


def test_peewee_lost_update(database, run_concurrent):
    def deposit():
        with database.connection_context():
            account = Model.get_by_id(1)
            account.balance += 50
            account.save()

    run_concurrent(deposit, workers=2)


def test_peewee_in_one_statement(database, run_concurrent):
    def deposit():
        with database.connection_context():
            Model.update(balance=Model.balance + 50).execute()

    run_concurrent(deposit, workers=2)


def test_aiosqlite_lost_update(path, run_concurrent):
    async def deposit():
        async with aiosqlite.connect(path) as database:
            async with database.execute("SELECT balance FROM account") as cursor:
                (balance,) = await cursor.fetchone()
            await database.execute("UPDATE account SET balance = ?", (balance + 50,))
            await database.commit()

    run_concurrent(lambda: asyncio.run(deposit()), workers=2)


def test_aiosqlite_in_one_statement(path, run_concurrent):
    async def deposit():
        async with aiosqlite.connect(path) as database:
            await database.execute("UPDATE account SET balance = balance + 50")
            await database.commit()

    run_concurrent(lambda: asyncio.run(deposit()), workers=2)
"""


@pytest.mark.skipif(any(find_spec(name) is None for name in LIBRARIES), reason="pip install --group databases")
@pytest.mark.parametrize("seed", some(range(20), 1))
def test_races_are_found_and_correct_code_passes(tmp_path: Path, seed: int) -> None:
    source = tmp_path / "test_libraries.py"
    source.write_text(SOURCE, encoding="utf-8")
    rows = rows_of(source, tmp_path / "report.json", "--tb=line", f"--interleave-seed={seed}")
    outcomes: dict[str, Any] = {name: row["outcome"] for name, row in rows.items()}
    expected = {name: "failed" if "lost_update" in name else "passed" for name in outcomes}
    assert outcomes == expected
    assert len(outcomes) == 8
    bugs = {row["finding"]["bug"].removeprefix("Teardown failure: ").lower() for row in rows.values() if row["finding"]}
    assert "lost update on table account in bank.db" in bugs
    assert all(bug.endswith(" on table account in bank.db") for bug in bugs), bugs
