"""Classes in C that others stand in for, and what programs derive from them."""

from __future__ import annotations

import abc
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

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
