"""`open` under control: it does what the real one does, and each system call is a step."""

from __future__ import annotations

import builtins
import contextlib
import csv
import io
import json
import os
import pickle
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control import Control
from tests.driving import execute, require_good_end, value_of

from .steps import done, every_outcome, in_threads, steps_of, touched_by

#: A reference that is not replaced while the stand-in is in place.
REAL = {io.open}

MODES = ["r", "w", "a", "x", "rb", "wb", "ab", "xb", "r+", "w+", "a+", "rb+", "r+b", "+rb", "w+b", "rt", "wt", "tr"]
WRONG_MODES = ["", "rw", "b", "q", "rr", "rbt", "U", "r++", "wa", "rbb", "t"]


def read_write(path: Path, *arguments: Any, **options: Any) -> list[Any]:
    """All that can be seen of a file that `open` has made, and of what is in it afterwards."""
    seen: list[Any] = []
    with open(path, *arguments, **options) as file:
        binary = "b" in file.mode or isinstance(file, (io.RawIOBase, io.BufferedIOBase))
        seen += [type(file).__name__, file.mode, file.name == str(path) or file.name == path]
        seen += [file.readable(), file.writable(), file.seekable(), file.isatty()]
        for name in ("encoding", "errors", "newlines", "line_buffering"):
            seen.append(getattr(file, name, None))
        if file.writable():
            seen.append(file.write(b"three\n" if binary else "three\n"))
            file.flush()
            seen.append(file.tell())
            file.seek(0)
        if file.readable():
            seen += [file.readline(), file.read()]
            file.seek(0)
            seen.append(list(file))
    seen += [file.closed, path.read_bytes()]
    return seen


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "options",
    [{}, {"buffering": 16}, {"encoding": "latin-1", "errors": "replace"}, {"newline": "\r\n"}, {"buffering": 0}],
    ids=str,
)
def test_a_file_is_as_the_real_one(tmp_path: Path, outcome_of: Callable[..., Any], mode: str, options: Any) -> None:
    path = tmp_path / "data.txt"

    def one() -> Any:
        if "x" in mode:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(b"one\r\ntwo\n")
        return outcome_of(lambda: read_write(path, mode, **options))

    assert value_of(one) == one()


@pytest.mark.parametrize("mode", WRONG_MODES)
def test_it_refuses_what_the_real_one_refuses(file: Path, outcome_of: Callable[..., Any], mode: str) -> None:
    def one() -> Any:
        return outcome_of(lambda: open(file, mode).close())

    assert value_of(one) == one()
    assert one()[0] is ValueError


@pytest.mark.parametrize(
    "arguments",
    [
        ("no/such/file",), (".",), ("data", "w", -5), ("data", "rb", -1, "utf-8"), (3.5,), ("data\0",), ("data", 5),
        ("data", "r", "big"), ("data", "w", -1, "no such encoding"), ("data", "w", -1, None, None, "?"), (10_000,),
        ("data", "w", -1, None, None, None, False),
    ],
    ids=repr,
)  # fmt: skip
def test_it_raises_what_the_real_one_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome_of: Callable[..., Any], arguments: Any
) -> None:
    monkeypatch.chdir(tmp_path)

    def one() -> Any:
        Path("data").write_text("", encoding="utf-8")
        return outcome_of(lambda: open(*arguments).close())

    assert value_of(one) == one()
    assert arguments == ("data", "w", -5) or isinstance(one()[0], type)


def test_it_closes_the_file_if_a_layer_cannot_be_made(file: Path) -> None:
    def body() -> None:
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(LookupError):
            open(file, encoding="no such encoding")
        assert len(os.listdir("/proc/self/fd")) == before

    if os.path.isdir("/proc/self/fd"):
        require_good_end(execute(body))


def test_warnings_name_the_callers_line(file: Path) -> None:
    def body() -> list[warnings.WarningMessage]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            open(file, "rb", 1).close()
            opened = open(file)
            del opened
        return list(caught)

    caught = value_of(body)
    assert [warning.category for warning in caught] == [RuntimeWarning, ResourceWarning]
    assert {warning.filename for warning in caught} == {__file__}
    assert "unclosed file" in str(caught[1].message)


def test_a_descriptor_an_opener_and_closefd(file: Path) -> None:
    def body() -> None:
        descriptor = os.open(file, os.O_RDONLY)
        with open(descriptor, closefd=False) as opened:
            assert opened.read() == "one\ntwo\n"
        os.lseek(descriptor, 0, 0)
        with os.fdopen(descriptor) as opened:
            assert opened.readlines() == ["one\n", "two\n"]
        with open("nothing", opener=lambda name, flags: os.open(file, flags)) as opened:
            assert opened.read() == "one\ntwo\n"
            assert opened.name == "nothing"

    assert {step.what for step in steps_of(body)} == {"data.txt"}


def test_steps_of_reading_and_writing(file: Path) -> None:
    new = file.with_name("new.txt")

    def reads() -> None:
        with open(file) as opened:
            opened.read()

    def writes() -> None:
        with open(file, "a") as opened:
            opened.write("three")

    def overwrites() -> None:
        file.write_text("four", encoding="utf-8")

    def creates() -> None:
        new.write_text("", encoding="utf-8")

    def looks() -> None:
        with contextlib.suppress(FileNotFoundError):
            open(file.with_name("other"))

    opens = ("read", "open data.txt")
    assert done(reads) == [opens, ("read", "read data.txt")]
    assert done(writes) == [opens, ("write", "append to data.txt")]
    assert done(overwrites) == [("write", "truncate data.txt"), ("write", "write data.txt")]
    assert done(creates) == [("write", "create new.txt")]
    assert done(looks) == [("read", "open other")]


def test_the_words_say_how_a_step_ended(file: Path) -> None:
    def body() -> None:
        with open(file, "r+", encoding="utf-8") as opened:
            opened.read()
            opened.write("three")
        for mode in ("x", "r"):
            with contextlib.suppress(OSError):
                open(file if mode == "x" else file.with_name("other"), mode)

    found = [str(step.doing) for step in steps_of(body)]
    # How often the end of the file is read depends on the version of Python.
    assert [text for text in found if text != "read data.txt (0 bytes)"] == [
        "open data.txt", "read data.txt (8 bytes)", "write data.txt (5 bytes)",
        "create data.txt: exists already", "open other: not found",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "do"),
    [
        ("w", lambda file, value: json.dump({"x": value}, file)),
        ("w", lambda file, value: csv.writer(file).writerow([value])),
        ("w", lambda file, value: print(value, file=file)),
        ("w", lambda file, value: file.writelines([value])),
        ("w", lambda file, value: file.write(value)),
        ("wb", lambda file, value: pickle.dump(value, file)),
        ("r+", lambda file, value: file.truncate(4) if value == "a" else file.write("value")),
        ("w", lambda file, value: file.buffer.write(value.encode())),
    ],
    ids=["json", "csv", "print", "writelines", "write", "pickle", "truncate", "buffer"],
)
@pytest.mark.parametrize("buffering", [-1, 0], ids=["buffered", "unbuffered"])
def test_both_orders_of_two_writes_through_a_file_object(file: Path, mode: str, do: Any, buffering: int) -> None:
    if buffering == 0 and "b" not in mode:
        buffering = 1

    def program() -> bytes:
        file.write_bytes(b"one\ntwo\n")
        with open(file, mode, buffering) as opened:
            in_threads(lambda: do(opened, "a"), lambda: do(opened, "b"))
        return file.read_bytes()

    def one_by_one(first: str, second: str) -> bytes:
        file.write_bytes(b"one\ntwo\n")
        with next(iter(REAL))(file, mode, buffering) as opened:
            do(opened, first)
            do(opened, second)
        return file.read_bytes()

    assert every_outcome(program) >= {one_by_one("a", "b"), one_by_one("b", "a")}


@pytest.mark.parametrize(
    ("mode", "do"),
    [
        ("r", lambda file: file.read(2)),
        ("r", lambda file: file.readline()),
        ("r", lambda file: next(file)),
        ("r", lambda file: list(file)),
        ("r", lambda file: file.readlines()),
        ("rb", lambda file: file.readinto(bytearray(2))),
        ("rb", lambda file: (file.peek(1), file.seek(2))),
        ("r", lambda file: file.buffer.read()),
    ],
    ids=["read", "readline", "next", "loop", "readlines", "readinto", "seek", "buffer"],
)
def test_both_orders_of_two_reads_through_a_file_object(file: Path, mode: str, do: Any) -> None:
    def program() -> tuple[Any, Any]:
        seen: dict[str, Any] = {}
        with open(file, mode) as opened:
            in_threads(lambda: seen.update(a=do(opened)), lambda: seen.update(b=do(opened)))
        return repr(seen["a"]), repr(seen["b"])

    with next(iter(REAL))(file, mode) as opened:
        first, second = repr(do(opened)), repr(do(opened))
    # A loop is a step for each line.
    assert every_outcome(program) >= {(first, second), (second, first)}


def test_links_lead_to_the_same_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "hard").hardlink_to(file)
    (tmp_path / "directory").mkdir()
    (tmp_path / "there").symlink_to(tmp_path / "directory")

    def body() -> None:
        for name in ("data.txt", "link", "hard", "directory/../data.txt", "./data.txt"):
            with open(os.path.join(tmp_path, name)) as opened:
                opened.read()
        (tmp_path / "there" / "new").write_text("", encoding="utf-8")
        (tmp_path / "directory" / "new").read_text(encoding="utf-8")

    steps = steps_of(body)
    assert {step.what for step in steps if step.name == "read"} == {"data.txt", "link", "hard", "new"}
    names = ("data.txt", "hard", "new")
    # A read touches the open file, and what is in it.
    files = {touched[1][0] for touched in touched_by(body, "read")}
    assert len(files) == 2
    entries = {[touch for touch in touched if touch[1] in names][-1][:2] for touched in touched_by(body, "open")}
    assert {name for _, name in entries} == {"data.txt", "hard", "new"}
    assert len(entries) == 3


def test_a_relative_path_is_where_the_process_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def body() -> None:
        with open("data.txt") as opened:
            opened.read()

    monkeypatch.chdir(file.parent)
    (relative,) = touched_by(body, "open")
    monkeypatch.chdir("/")
    (absolute,) = touched_by(lambda: open(file).close(), "open")
    assert [(key.name, part) for key, part, _ in relative] == [
        ("the working directory", None),
        *[(key.name, part) for key, part, _ in absolute],
    ]


def test_devices_and_what_the_kernel_makes_up_are_no_steps() -> None:
    def body() -> None:
        with open(os.devnull, "w") as nothing:
            nothing.write("x")
        os.path.exists("/proc/self/stat")
        print("captured")
        sys.stderr.write("captured")

    assert done(body) == []


def test_temporary_files_are_known_by_their_names(tmp_path: Path) -> None:
    def body() -> None:
        with tempfile.NamedTemporaryFile("w", dir=tmp_path, prefix="named") as named:
            named.write("x")
        with tempfile.TemporaryFile("w", dir=tmp_path) as unnamed:
            unnamed.write("x")
        with tempfile.TemporaryDirectory(dir=tmp_path, prefix="made") as made:
            Path(made, "inner").write_text("x", encoding="utf-8")

    names = [step.what for step in steps_of(body)]
    assert any(name.startswith("named") for name in names)
    assert any(name.startswith("made") for name in names)
    assert "inner" in names
    assert "a file without a name" in names or sys.platform != "linux"


def test_the_use_of_pytests_own_files_is_no_step(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert done(lambda: tmp_path_factory.mktemp("own")) == []


def test_without_control_open_is_the_real_one(file: Path) -> None:
    assert builtins.open is io.open
    assert io.open in REAL
    with Control():
        assert builtins.open is io.open
        assert io.open not in REAL
        with open(file) as opened:
            assert type(opened) is io.TextIOWrapper
    assert builtins.open is io.open
    assert io.open in REAL
