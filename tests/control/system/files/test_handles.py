"""Open files that several threads use: a thread waits where the scheduler sees it until no other is in a method."""

from __future__ import annotations

import csv
import json
import logging
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.explore import RandomWalk
from tests.driving import check, execute, executions, require_good_end

from .steps import every_outcome, in_threads, steps_in

LARGE = 20_000


@pytest.mark.parametrize(
    ("mode", "write", "number"),
    [
        ("w", lambda file, number: csv.writer(file).writerow([number] * LARGE), 4),
        ("w", lambda file, number: json.dump([number] * 2_000, file), 4),
        ("w", lambda file, number: print(number, "x" * LARGE, file=file), 4),
        ("w", lambda file, number: print(number, "x" * LARGE, file=file, flush=True), 4),
        ("wb", lambda file, number: pickle.dump([number] * LARGE, file), 4),
        ("wb", lambda file, number: file.write(b"%d" % number * LARGE), 4),
        ("w", lambda file, number: file.writelines(["x" * LARGE, str(number)]), 3),
    ],
    ids=["csv", "json", "print", "print and flush", "pickle", "write", "writelines"],
)
def test_no_thread_blocks_out_of_sight(
    tmp_path: Path, mode: str, write: Callable[[Any, int], object], number: int
) -> None:
    path = tmp_path / "shared"

    def body() -> None:
        with open(path, mode, 4_096) as file:
            in_threads(*[lambda each=each: write(file, each) for each in range(number)])

    with open(tmp_path / "alone", mode) as file:
        write(file, 1)
    alone = os.path.getsize(tmp_path / "alone")
    check(body, walks=5)
    # Nothing is lost.
    assert path.stat().st_size >= number * (alone - 1)


def test_a_thread_that_is_in_the_middle_of_a_write_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "shared"

    def body() -> None:
        with open(path, "wb", 1_024) as file:
            in_threads(*[lambda each=each: file.write(each * LARGE) for each in (b"a", b"b")])
        written = path.read_bytes()
        assert sorted(written) == sorted(b"ab" * LARGE)

    waited = 0
    for outcome in executions(body, RandomWalk(3), 60):
        require_good_end(outcome)
        waited += any("open file" in str(getattr(step.target, "describe", str)()) for _, step, _ in outcome.log)
    assert waited


def test_two_threads_that_read_lines_of_one_file_get_each_line_once(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("one\ntwo\nthree\n", encoding="utf-8")

    def program() -> object:
        seen: list[str] = []
        with open(path, encoding="utf-8") as file:
            in_threads(lambda: seen.append(file.readline()), lambda: seen.append(file.readline()))
            return sorted(seen), file.readline()

    assert every_outcome(lambda: str(program())) == {str((["one\n", "two\n"], "three\n"))}


def test_the_position_of_a_file_is_shared(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")

    def program() -> bytes:
        seen = [b""]

        def read() -> None:
            file.seek(5)
            seen[0] = file.read(1)

        with open(path, "rb") as file:
            in_threads(read, lambda: file.seek(0))
        return seen[0]

    assert every_outcome(program) == {b"5", b"0"}


@pytest.mark.parametrize("copy", [False, True], ids=["one descriptor", "a copy"])
def test_the_position_of_a_descriptor_is_shared(tmp_path: Path, copy: bool) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")

    def program() -> bytes:
        descriptor = os.open(path, os.O_RDONLY)
        other = os.dup(descriptor) if copy else descriptor
        seen = [b""]

        def read() -> None:
            os.lseek(descriptor, 5, os.SEEK_SET)
            seen[0] = os.read(descriptor, 1)

        in_threads(read, lambda: os.lseek(other, 0, os.SEEK_SET))
        for each in {descriptor, other}:
            os.close(each)
        return seen[0]

    assert every_outcome(program) == {b"5", b"0"}


def test_a_file_that_two_objects_have_open_has_one_position(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")

    def program() -> object:
        descriptor = os.open(path, os.O_RDONLY)
        first = open(descriptor, "rb", 0, closefd=False)
        second = open(descriptor, "rb", 0)
        seen: dict[str, bytes | None] = {}
        in_threads(lambda: seen.update(a=first.read(2)), lambda: seen.update(b=second.read(2)))
        second.close()
        return seen["a"], seen["b"]

    assert every_outcome(program) == {(b"01", b"23"), (b"23", b"01")}


def test_a_log_handler_writes_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def body() -> None:
        path.unlink(missing_ok=True)
        handler = logging.FileHandler(path)
        logger = logging.Logger("here")
        logger.addHandler(handler)
        in_threads(*[lambda each=each: logger.error("line %s", each) for each in range(3)])
        handler.close()
        assert sorted(path.read_text().splitlines()) == ["line 0", "line 1", "line 2"]

    check(body)


def test_a_file_from_before_the_execution_is_used(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with open(path, "w") as file:

        def body() -> None:
            in_threads(lambda: file.write("a"), lambda: file.write("b"))
            file.flush()

        check(body, walks=3)
    assert set(path.read_text()) == {"a", "b"}


def test_methods_are_no_steps_while_there_is_one_thread(tmp_path: Path) -> None:
    files: list[Any] = []

    def body() -> None:
        file = open(tmp_path / "data", "w")
        files.append(file)
        file.write("a")
        file.close()

    assert [str(step.doing) for step in steps_in(execute(body))] == ["create data", "write data (1 byte)"]


def end_of_file(path: Path, mode: str, buffering: int = -1) -> int:
    with path.open(mode, buffering) as file:
        end: int = file.seek(0, os.SEEK_END)
        return end


def end_by_descriptor(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    "find_end",
    [
        lambda path: end_of_file(path, "rb"),
        lambda path: end_of_file(path, "rb", 0),
        lambda path: end_of_file(path, "r+b"),
        lambda path: end_of_file(path, "r"),
        end_by_descriptor,
    ],
    ids=["buffered", "unbuffered", "to read and write", "text", "descriptor"],
)
def test_where_a_file_ends_depends_on_what_others_write(tmp_path: Path, find_end: Callable[[Path], int]) -> None:
    def body() -> int:
        path = tmp_path / "log"
        path.write_text("1", encoding="utf-8")
        found: list[int] = []

        def append() -> None:
            with path.open("a", encoding="utf-8") as file:
                file.write("2")

        in_threads(lambda: found.append(find_end(path)), append)
        return found[0]

    assert every_outcome(body) == {1, 2}
