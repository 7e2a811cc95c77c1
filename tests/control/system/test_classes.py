"""Classes in C that others stand in for, and what programs derive from them."""

from __future__ import annotations

import abc
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.control.system.files.steps import in_threads
from tests.driving import execute, require_good_end, value_of


def test_abstract_classes_may_be_among_the_bases(tmp_path: Path) -> None:
    def body() -> list[Any]:
        class Store(abc.ABC, sqlite3.Connection):
            @abc.abstractmethod
            def name(self) -> str:
                """Return a name."""

        class Own(Store):
            def name(self) -> str:
                return "own"

        class Raw(io.FileIO, io.RawIOBase):
            pass

        with closing(Own(":memory:")) as store, Raw(str(tmp_path / "file"), "w") as raw:
            assert isinstance(store, (Own, Store))
            assert isinstance(store, sqlite3.Connection)
            with closing(sqlite3.connect(":memory:")) as other:
                assert not isinstance(other, Own)
            assert isinstance(raw, (Raw, io.FileIO))
            with pytest.raises(TypeError):
                Store(":memory:")  # type: ignore[abstract]
            return [store.name(), store.execute("select 1").fetchone(), raw.write(b"12")]

    assert value_of(body) == ["own", (1,), 2]


@pytest.mark.parametrize("name", ["Connection", "Cursor"])
def test_it_looks_like_the_real_class(name: str) -> None:
    real = getattr(sqlite3, name)

    def body() -> None:
        ours = getattr(sqlite3, name)
        assert ours is not real
        assert (ours.__name__, ours.__module__, ours.__doc__) == (real.__name__, real.__module__, real.__doc__)
        assert issubclass(ours, real)
        assert issubclass(real, ours)
        assert not issubclass(int, ours)
        assert isinstance(ours, type)

    require_good_end(execute(body))
    assert getattr(sqlite3, name) is real


def test_a_cursor_that_is_made_by_its_class() -> None:
    def body() -> list[Any]:
        class Counting(sqlite3.Cursor):
            number = 0

            def execute(self, *args: Any) -> Any:
                self.number += 1
                return super().execute(*args)

        with closing(sqlite3.connect(":memory:")) as connection:
            own = Counting(connection)
            own.execute("select 1")
            return [own.fetchone(), own.number, sqlite3.Cursor(connection).execute("select 2").fetchone()]

    assert value_of(body) == [(1,), 1, (2,)]


def test_without_what_they_need_they_fail_as_the_real_ones() -> None:
    def body() -> None:
        for make in (sqlite3.Connection, sqlite3.Cursor, io.FileIO):
            with pytest.raises(TypeError):
                make()  # type: ignore[call-arg]

    body()
    require_good_end(execute(body))


def test_a_programs_own_class_may_have_any_names() -> None:
    """Names that the stand-in could have had."""

    def body() -> list[Any]:
        class OwnCursor(sqlite3.Cursor):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                self._session = self._reading = self._total = self._key = self._is_new = "own"

            def _fetch(self) -> str:
                return "own"

            _result = _fetch

        class Own(sqlite3.Connection):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                self._session = self._token = "own"

            def _end(self) -> str:
                return "own"

            _set = _whole = _new_cursor = _end

        found: list[Any] = []
        for make in (Own, lambda path: sqlite3.connect(path, factory=Own, check_same_thread=False)):
            with closing(make(":memory:")) as own:
                own.isolation_level = None
                own.execute("create table t (n)")
                cursor = own.cursor(OwnCursor)
                cursor.execute("insert into t values (1)")
                own.commit()
                found.append((own.execute("select n from t").fetchall(), cursor._total, own._session, own._end()))
        return found

    assert value_of(body) == [([(1,)], "own", "own", "own")] * 2


@pytest.mark.parametrize("shared", [False, True])
def test_a_connection_may_be_closed_twice(tmp_path: Path, shared: bool) -> None:
    opened: list[sqlite3.Connection] = []

    def body() -> None:
        connection = sqlite3.connect(tmp_path / "app.db", check_same_thread=not shared)
        opened.append(connection)
        connection.execute("create table if not exists t (n)").fetchall()
        connection.close()
        connection.close()
        with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
            connection.execute("select 1")
        if shared:
            in_threads(connection.close, connection.close)

    require_good_end(execute(body))
    # As in the teardown of a fixture.
    opened[0].close()
