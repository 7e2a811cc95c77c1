"""What goes wrong with files goes wrong in the same way under control, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.driving import check, require_good_end, value_of

from .steps import done, every_outcome, execute, in_threads

resource = pytest.importorskip("resource")


def each_of(outcome_of: Callable[..., Any], *calls: Callable[[], Any]) -> list[Any]:
    """The outcomes of calls, and the number of descriptors that they have left open."""
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    found = [outcome_of(call) for call in calls]
    after = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    return [*found, after - before]


@pytest.mark.parametrize(
    "name",
    [
        "x" * 300,
        "x/" * 3_000,
        "x" * 5_000,
        os.fsdecode(b"\xff\xfe name"),
        "new\nline",
        "\u2603",
        "none/x",
        "data.txt/x",
    ],
    ids=["long name", "long path", "longer name", "not UTF-8", "new line", "snow", "no directory", "in a file"],
)
def test_names(file: Path, outcome_of: Callable[..., Any], name: str) -> None:
    path = os.path.join(file.parent, name)

    def write() -> int:
        with open(path, "w") as opened:
            return opened.write("x")

    def read() -> str:
        with open(path) as opened:
            return opened.read()

    calls: list[Callable[[], Any]] = [
        write, read, lambda: os.path.exists(path), lambda: os.stat(path).st_size, lambda: os.mkdir(path),
        lambda: os.listdir(path), lambda: os.rename(path, path), lambda: os.remove(path), lambda: os.rmdir(path),
        lambda: os.path.realpath(path), lambda: os.symlink("x", path), lambda: os.unlink(path),
        lambda: os.stat(os.fsencode(path)).st_size,
    ]  # fmt: skip
    assert value_of(lambda: each_of(outcome_of, *calls)) == each_of(outcome_of, *calls)


def test_words_for_names_that_cannot_be_printed(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\n")
    texts = [text for _, text in done(lambda: path.touch())]
    assert texts
    assert all(text.isprintable() and text.isascii() for text in texts)


def test_a_disk_that_is_full(tmp_path: Path, outcome_of: Callable[..., Any]) -> None:
    path = tmp_path / "large"

    def write() -> None:
        with open(path, "wb", 0) as opened:
            opened.write(b"x" * 100)
            opened.write(b"x" * 100)

    def buffered() -> None:
        with open(path, "wb") as opened:
            opened.write(b"x" * 200)

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        found = value_of(lambda: each_of(outcome_of, write, buffered))
        assert found == each_of(outcome_of, write, buffered)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert found[0] == (OSError, (errno.EFBIG, "File too large"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")
def test_devices(outcome_of: Callable[..., Any]) -> None:
    def full() -> None:
        with open("/dev/full", "w") as opened:
            opened.write("x")

    def nothing() -> str:
        with open(os.devnull, "r+") as opened:
            opened.write("x")
            return opened.read()

    assert value_of(lambda: each_of(outcome_of, full, nothing)) == each_of(outcome_of, full, nothing)
    check(lambda: in_threads(lambda: outcome_of(full), nothing), walks=3)


def test_closed_files_and_descriptors(file: Path, outcome_of: Callable[..., Any]) -> None:
    def calls() -> list[Any]:
        opened = open(file)
        opened.close()
        descriptor = os.open(file, os.O_RDONLY)
        os.close(descriptor)
        return each_of(
            outcome_of, opened.read, lambda: opened.write("x"), lambda: opened.fileno(), opened.flush, opened.close,
            lambda: os.read(descriptor, 1), lambda: os.write(descriptor, b""), lambda: os.close(descriptor),
            lambda: os.fstat(descriptor), lambda: os.listdir(descriptor), lambda: open(descriptor),
            lambda: os.dup(descriptor), lambda: os.lseek(descriptor, 0, 0), lambda: os.read(-1, 1),
        )  # fmt: skip

    assert value_of(calls) == calls()


def test_a_file_that_another_thread_deletes(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def program() -> str:
        path.write_text("text", encoding="utf-8")
        seen = ["nothing"]

        def read() -> None:
            with contextlib.suppress(FileNotFoundError), open(path) as opened:
                seen[0] = opened.read()

        in_threads(read, lambda: os.remove(path))
        return seen[0]

    # A file that is open can be read to its end.
    assert every_outcome(program) == {"text", "nothing"}


def test_the_directory_that_a_test_is_in_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome_of: Callable[..., Any]
) -> None:
    def one() -> list[Any]:
        here = tmp_path / "here"
        here.mkdir()
        monkeypatch.chdir(here)
        here.rmdir()
        found = each_of(
            outcome_of, os.getcwd, lambda: open("x", "w"), lambda: os.stat("x"), lambda: os.listdir(),
            lambda: os.mkdir("x"), lambda: os.path.exists("x"), lambda: os.rename("x", "y"), lambda: Path("x").touch(),
        )  # fmt: skip
        os.chdir(tmp_path)
        return found

    assert value_of(one) == one()


def test_threads_that_change_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)

    def program() -> object:
        os.chdir(tmp_path)
        for name in ("a", "b"):
            with contextlib.suppress(FileNotFoundError):
                (tmp_path / name / "file").unlink()

        def work(name: str) -> None:
            os.chdir(tmp_path / name)
            with open("file", "a") as opened:
                opened.write(name)

        in_threads(lambda: work("a"), lambda: work("b"))
        os.chdir(tmp_path)
        return tuple(sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/file")))

    assert every_outcome(program) == {("a/file", "b/file"), ("a/file",), ("b/file",)}


def test_a_fifo(tmp_path: Path) -> None:
    path = tmp_path / "fifo"

    def body() -> None:
        os.mkfifo(path)
        seen: list[str] = []
        in_threads(lambda: path.write_text("x"), lambda: seen.append(path.read_text()))
        assert seen == ["x"]
        path.unlink()

    outcome = execute(body)
    require_good_end(outcome._replace(set_aside=[]))


def test_a_child_process_uses_files(file: Path) -> None:
    def child() -> int:
        try:
            with open(file, "a") as opened:
                opened.write("three\n")
            os.stat(file)
            return 0 if file.read_text(encoding="utf-8") == "one\ntwo\nthree\n" else 1
        except BaseException:
            return 2

    def work() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if process == 0:
            os._exit(child())
        _, status = os.waitpid(process, 0)
        statuses.append(os.waitstatus_to_exitcode(status))

    statuses: list[int] = []

    def body() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    require_good_end(execute(body))
    assert statuses == [0]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_must_not_be_written(tmp_path: Path, outcome_of: Callable[..., Any]) -> None:
    tmp_path.chmod(0o500)
    try:
        calls: list[Callable[[], Any]] = [
            lambda: open(tmp_path / "x", "w"), lambda: os.mkdir(tmp_path / "x"), lambda: os.listdir(tmp_path),
        ]  # fmt: skip
        assert value_of(lambda: each_of(outcome_of, *calls)) == each_of(outcome_of, *calls)
    finally:
        tmp_path.chmod(0o700)
