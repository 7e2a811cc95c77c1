"""What steps on files touch: the entries that a path goes through, and the file that it leads to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control import conflicts
from pytest_interleave.control.steps import External
from tests.driving import execute, require_good_end


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A file with two names, a link to it, a directory with a file, and a link to the directory."""
    (tmp_path / "a").write_text("one", encoding="utf-8")
    (tmp_path / "b").write_text("two", encoding="utf-8")
    os.link(tmp_path / "a", tmp_path / "hard")
    os.symlink("a", tmp_path / "link")
    (tmp_path / "full" / "inner").mkdir(parents=True)
    (tmp_path / "full" / "c").touch()
    os.symlink("full", tmp_path / "there")
    return tmp_path


Do = Callable[[Path], Any]


def touches_of(*bodies: Callable[[], object]) -> list[Any]:
    """What the last step of each body touches, in one execution."""
    ends: list[int] = []
    logs: list[Any] = []

    def body() -> None:
        from pytest_interleave.control.execution.units._current import running_execution

        logs.append(running_execution().log)
        for each in bodies:
            each()
            ends.append(len(logs[0]))

    outcome = execute(body)
    require_good_end(outcome)
    found = []
    for end in ends:
        steps = [touches for _, step, touches in outcome.log[:end] if isinstance(step, External)]
        found.append(steps[-1])
    return found


def _read(path: str) -> Do:
    return lambda top: (top / path).read_bytes()


def _write(path: str) -> Do:
    return lambda top: (top / path).write_bytes(b"x")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (_read("a"), _write("a"), True),
        (_read("a"), _write("hard"), True),
        (_read("a"), _write("link"), True),
        (_read("a"), _write("b"), False),
        (_read("a"), _read("a"), False),
        (_read("full/c"), _write("there/c"), True),
        (lambda top: os.path.exists(top / "a"), _write("a"), False),
        (lambda top: os.stat(top / "a"), _write("a"), True),
        (lambda top: os.stat(top / "a"), lambda top: os.chmod(top / "hard", 0o600), True),
        (_read("a"), lambda top: os.remove(top / "hard"), False),
        (lambda top: os.stat(top / "a"), lambda top: os.remove(top / "hard"), True),
        (lambda top: os.path.exists(top / "a"), lambda top: os.remove(top / "a"), True),
        (lambda top: os.path.exists(top / "new"), lambda top: os.mkdir(top / "new"), True),
        (lambda top: os.path.exists(top / "new"), lambda top: os.mkdir(top / "other"), False),
        (lambda top: os.mkdir(top / "new"), lambda top: os.mkdir(top / "other"), False),
        (lambda top: os.listdir(top), lambda top: os.mkdir(top / "new"), True),
        (lambda top: os.listdir(top), lambda top: os.remove(top / "b"), True),
        (lambda top: os.listdir(top), lambda top: os.rename(top / "b", top / "c"), True),
        (lambda top: os.listdir(top), _write("a"), False),
        (lambda top: os.listdir(top / "full"), lambda top: os.mkdir(top / "new"), False),
        (lambda top: os.listdir(top / "there"), lambda top: os.mkdir(top / "full" / "new"), True),
        (lambda top: os.listdir(top / "full"), lambda top: os.rename(top / "full", top / "moved"), True),
        (lambda top: os.path.exists(top / "full/inner/x"), lambda top: os.rename(top / "full", top / "moved"), True),
        (lambda top: os.path.exists(top / "there/c"), lambda top: os.remove(top / "there"), True),
        (lambda top: os.readlink(top / "link"), lambda top: os.replace(top / "b", top / "link"), True),
        (lambda top: os.readlink(top / "link"), _write("a"), False),
        (lambda top: os.stat(top / "full"), lambda top: os.mkdir(top / "full" / "new"), True),
        (lambda top: os.path.isdir(top / "full"), lambda top: os.mkdir(top / "full" / "new"), False),
        (lambda top: (top / "full").is_dir(), lambda top: os.mkdir(top / "full" / "new"), False),
    ],
)
def test_what_conflicts(tree: Path, first: Do, second: Do, expected: bool) -> None:
    one, other = touches_of(lambda: first(tree), lambda: second(tree))
    assert conflicts(one, other) is conflicts(other, one) is expected


def test_a_file_that_is_renamed_is_the_same(tree: Path) -> None:
    def rename() -> None:
        os.rename(tree / "a", tree / "new")

    before, _, after = touches_of(lambda: _read("a")(tree), rename, lambda: _write("new")(tree))
    assert conflicts(before, after)


def test_a_file_that_has_replaced_another_is_another(tree: Path) -> None:
    def replace() -> None:
        os.replace(tree / "b", tree / "a")

    before, _, after = touches_of(lambda: _read("a")(tree), replace, lambda: _write("a")(tree))
    assert not conflicts(before, after)


def test_a_new_file_with_the_number_of_a_removed_one_is_another(tmp_path: Path) -> None:
    numbers: list[int] = []

    def make() -> None:
        with open(tmp_path / "file", "w") as file:
            file.write("x")
        numbers.append(os.stat(tmp_path / "file").st_ino)
        (tmp_path / "file").read_bytes()

    def again() -> None:
        os.remove(tmp_path / "file")
        make()

    touches = touches_of(make, *[again] * 20)
    assert len({touched[-1][0] for touched in touches}) == 21
    if len(set(numbers)) == 21:
        pytest.skip("this file system does not use a number again")


def test_an_open_file_that_has_no_name_any_more_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"text")
    opened: list[int] = []

    def open_and_remove() -> None:
        opened.append(os.open(path, os.O_RDWR))
        os.read(opened[0], 1)

    def after() -> None:
        os.remove(path)
        path.write_bytes(b"other")
        os.write(opened[0], b"x")

    before, later = touches_of(open_and_remove, after)
    other = touches_of(lambda: path.read_bytes())[0]
    assert conflicts(before, later)
    assert not conflicts(other, later)
    os.close(opened[0])


def test_paths_of_the_same_entry(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = os.open(tree, os.O_RDONLY)

    def make() -> None:
        os.mkdir(tree / "new")
        os.rmdir(tree / "new")

    def relative() -> None:
        os.chdir(tree / "full")
        os.path.exists("../new")

    try:
        monkeypatch.chdir("/")
        made, by_descriptor, by_relative, by_bytes, other = touches_of(
            make,
            lambda: os.access("new", os.F_OK, dir_fd=descriptor),
            relative,
            lambda: os.path.exists(os.fsencode(tree / "there" / ".." / "new")),
            lambda: os.path.exists("new"),
        )
    finally:
        os.close(descriptor)
    assert conflicts(made, by_descriptor)
    assert conflicts(made, by_relative)
    assert conflicts(made, by_bytes)
    # That is in the directory that the process is in now.
    assert not conflicts(made, other)
