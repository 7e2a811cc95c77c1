"""Functions that take descriptors, file locks and mapped files, under control."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control.steps import EXCHANGE, READ, WRITE
from tests.driving import execute, require_good_end, value_of

from ..conftest import used
from .steps import done, steps_in, steps_of

fcntl = pytest.importorskip("fcntl")


def with_descriptor(path: Path, do: Callable[[int], Any]) -> Callable[[], None]:
    def body() -> None:
        descriptor = os.open(path, os.O_RDWR)
        try:
            do(descriptor)
        finally:
            os.close(descriptor)

    return body


@pytest.mark.parametrize(
    ("do", "kind", "text"),
    [
        (lambda descriptor: os.read(descriptor, 1), "read", "read data.txt (1 byte)"),
        (lambda descriptor: os.pread(descriptor, 1, 0), "read", "read data.txt (1 byte)"),
        (lambda descriptor: os.preadv(descriptor, [bytearray(2)], 0), "read", "read data.txt (2 bytes)"),
        (lambda descriptor: os.fstat(descriptor), "read", "stat data.txt"),
        (lambda descriptor: os.stat(descriptor), "read", "stat data.txt"),
        (lambda descriptor: os.write(descriptor, b"x"), "write", "write data.txt (1 byte)"),
        (lambda descriptor: os.pwrite(descriptor, b"xy", 0), "write", "write data.txt (2 bytes)"),
        (lambda descriptor: os.ftruncate(descriptor, 0), "write", "truncate data.txt"),
        (lambda descriptor: os.truncate(descriptor, 0), "write", "truncate data.txt"),
        (lambda descriptor: os.fchmod(descriptor, 0o600), "write", "change data.txt"),
        (lambda descriptor: fcntl.lockf(descriptor, fcntl.LOCK_EX), "write", "lock data.txt (excludes no thread)"),
        (lambda descriptor: fcntl.lockf(descriptor, fcntl.LOCK_UN), "write", "lock data.txt"),
    ],
)
def test_each_call_is_a_step(file: Path, do: Callable[[int], Any], kind: str, text: str) -> None:
    opening, step = steps_of(with_descriptor(file, do))
    assert (opening.kind, opening.doing.text) == ("read", "open data.txt")
    assert (step.kind, str(step.doing)) == (kind, text)
    # One that was opened before has no name.
    descriptor = os.open(file, os.O_RDWR)
    try:
        ((found, words),) = done(lambda: do(descriptor))
    finally:
        os.close(descriptor)
    assert found == kind
    assert words.split()[1:] == ["descriptor", str(descriptor)]


@pytest.mark.parametrize(
    "copy",
    [
        lambda source, target: os.sendfile(target, source, 0, 1),
        lambda source, target: os.sendfile(in_fd=source, out_fd=target, offset=0, count=1),
        lambda source, target: os.sendfile(target, in_fd=source, offset=0, count=1),
        lambda source, target: os.copy_file_range(source, target, 1),
        lambda source, target: os.copy_file_range(dst=target, src=source, count=1),
    ],
)
@pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="there is no such function there")
def test_what_is_copied_is_a_step_however_it_is_given(tmp_path: Path, copy: Callable[[int, int], object]) -> None:
    (tmp_path / "source").write_bytes(b"x")

    def body() -> None:
        source = os.open(tmp_path / "source", os.O_RDONLY)
        target = os.open(tmp_path / "target", os.O_WRONLY | os.O_CREAT)
        copy(source, target)
        os.close(source)
        os.close(target)

    step = steps_of(body)[-1]
    assert (step.kind, str(step.doing)) == ("write", "copy source -> target (1 byte)")


def test_both_ends_of_a_pipe_are_one_thing() -> None:
    def body() -> None:
        receiving, sending = os.pipe()
        os.write(sending, b"x")
        assert os.read(receiving, 1) == b"x"
        os.close(sending)
        os.close(receiving)

    outcome = execute(body)
    require_good_end(outcome)
    assert len({use.thing for use in outcome.uses}) == 1
    assert [(use.thing.kind, use.handle) for use in outcome.uses] == [("pipe", WRITE), ("pipe", READ)]


def test_a_mapped_file(file: Path) -> None:
    def body() -> None:
        with open(file, "r+b") as opened, mmap.mmap(opened.fileno(), 0) as mapped:
            assert isinstance(mapped, mmap.mmap)
            assert mapped[:3] == b"one"
            mapped[:3] = b"ONE"
            assert mapped.find(b"two") == 4
        with mmap.mmap(-1, 10) as anonymous:
            anonymous[0] = 1

    outcome = execute(body)
    require_good_end(outcome)
    assert {use.thing.name for use in outcome.uses} == {"data.txt"}
    assert [step.doing.text for step in steps_in(outcome)] == ["open data.txt"]
    assert file.read_bytes() == b"ONE\ntwo\n"
    with open(file, "r+b") as opened:
        for access, way in ((mmap.ACCESS_READ, READ), (mmap.ACCESS_COPY, READ), (mmap.ACCESS_WRITE, EXCHANGE)):
            (found,) = used(lambda access=access: mmap.mmap(opened.fileno(), 0, access=access).close())
            assert found[1:] == (way, "mapped into memory")


def test_a_class_of_mapped_files_that_takes_other_arguments() -> None:
    def body() -> str:
        class Anonymous(mmap.mmap):
            def __new__(cls, size: int) -> Any:
                return super().__new__(cls, -1, size)

        with Anonymous(10) as mapped:
            mapped[0] = 1
            assert mapped[0] == 1
        with mmap.mmap(-1, length=10) as mapped:
            return repr(mapped)

    assert value_of(body) == body()
