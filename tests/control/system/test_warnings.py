"""Warnings of C code that a stand-in calls: they are about the code that has called the stand-in."""

from __future__ import annotations

import io
import os
import sqlite3
import sys
import warnings
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from tests.driving import execute, require_good_end


def _by_position(path: Path) -> None:
    sqlite3.Connection(path, 5).close()


def _by_position_of_function(path: Path) -> None:
    sqlite3.connect(path, 5).close()


def _by_name(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.create_function(name="f", narg=0, func=lambda: 1)


def _callback_by_name(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.set_authorizer(authorizer_callback=None)


def _adapted(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("select ?", (date(2024, 1, 1),)).fetchone()


def _names_without_dictionary(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("select :n", (1,)).fetchone()


def _buffered_lines(path: Path) -> None:
    path.touch()
    with open(path, "rb", buffering=1):
        pass


def _truth_value(path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT)
    if descriptor != 1:
        os.close(descriptor)
    io.FileIO(True, closefd=False).close()
    open(True, closefd=False).close()


CASES = [
    pytest.param(_by_position, (3, 13), 1, id="Connection"),
    pytest.param(_by_position_of_function, (3, 13), 2, id="connect"),
    pytest.param(_by_name, (3, 13), 1, id="create_function"),
    pytest.param(_callback_by_name, (3, 13), 1, id="set_authorizer"),
    pytest.param(_adapted, (3, 12), 1, id="adapter"),
    pytest.param(
        _names_without_dictionary,
        (3, 12),
        1,
        id="named parameter",
        marks=pytest.mark.skipif(sys.version_info >= (3, 14), reason="an error from Python 3.14 on"),
    ),
    pytest.param(_buffered_lines, (3, 11), 1, id="buffering"),
    pytest.param(_truth_value, (3, 13), 2, id="descriptor"),
]


@pytest.mark.parametrize(("use", "since", "number"), CASES)
def test_a_warning_is_about_the_programs_own_code(
    use: Callable[[Path], None], since: tuple[int, int], number: int, tmp_path: Path
) -> None:
    found: list[warnings.WarningMessage] = []

    def body() -> None:
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("always")
            use(tmp_path / "file")
        found.extend(recorded)

    body()
    expected = [(str(each.message), each.filename, each.lineno) for each in found]
    assert len(expected) == (number if sys.version_info >= since else 0)
    found.clear()
    require_good_end(execute(body))
    assert [(str(each.message), each.filename, each.lineno) for each in found] == expected
