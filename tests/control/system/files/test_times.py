"""Times of files that controlled threads write agree with the virtual clock."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.driving import check, execute, require_good_end, value_of

from .steps import in_threads


def _by_descriptor(path: Path, do: Callable[[int], Any], flags: int = os.O_RDWR) -> None:
    descriptor = os.open(path, flags)
    do(descriptor)
    os.close(descriptor)


CHANGES: list[Callable[[Path], Any]] = [
    lambda path: path.write_text("x", encoding="utf-8"),
    lambda path: path.write_bytes(b""),
    lambda path: open(path, "w").close(),
    lambda path: path.touch(),
    lambda path: os.utime(path),
    lambda path: os.utime(path, None),
    lambda path: os.utime(path, times=None),
    lambda path: os.truncate(path, 1),
    lambda path: _by_descriptor(path, lambda fd: os.write(fd, b"x")),
    lambda path: _by_descriptor(path, lambda fd: os.pwrite(fd, b"x", 1)),
    lambda path: _by_descriptor(path, lambda fd: os.ftruncate(fd, 1)),
    lambda path: _by_descriptor(path, lambda _fd: None, os.O_WRONLY | os.O_TRUNC),
    lambda path: shutil.copyfile(__file__, path),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_sets_the_time_of_the_clock(file: Path, change: Callable[[Path], Any]) -> None:
    def body() -> None:
        change(file)
        before = file.stat().st_mtime
        time.sleep(7200)
        change(file)
        assert file.stat().st_mtime - before == pytest.approx(7200, abs=0.1)
        assert 0 <= time.time() - file.stat().st_mtime < 1

    check(body, walks=1)


def test_a_new_file_has_the_time_of_the_clock(tmp_path: Path) -> None:
    def body() -> None:
        time.sleep(100)
        with tempfile.NamedTemporaryFile(dir=tmp_path) as new:
            assert 0 <= time.time() - os.stat(new.name).st_mtime < 1
        Path(tmp_path, "new").touch()
        assert 0 <= time.time() - os.stat(tmp_path / "new").st_mtime < 1

    check(body, walks=1)


def test_times_that_the_program_sets_stay(file: Path) -> None:
    def body() -> None:
        os.utime(file, (10, 20))
        assert (file.stat().st_atime, file.stat().st_mtime) == (10, 20)
        os.utime(file, ns=(30_000_000_001, 40_000_000_002))
        assert file.stat().st_mtime_ns == 40_000_000_002
        with open(file, "r+"):
            pass
        file.read_bytes()
        assert file.stat().st_mtime_ns == 40_000_000_002

    check(body, walks=1)


def test_reading_changes_no_time(file: Path) -> None:
    os.utime(file, (10, 20))
    require_good_end(execute(lambda: file.read_text(encoding="utf-8")))
    assert file.stat().st_mtime == 20


def test_a_cache_that_expires_with_the_age_of_a_file(tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def load() -> str:
        try:
            if time.time() - cache.stat().st_mtime < 60:
                return "old"
        except FileNotFoundError:
            pass
        cache.write_text("new", encoding="utf-8")
        return "new"

    def body() -> list[str]:
        cache.unlink(missing_ok=True)
        found = []
        for pause in (30, 31, 1):
            found.append(load())
            time.sleep(pause)
        return [*found, load()]

    assert value_of(body) == ["new", "old", "new", "old"]


def test_threads_compare_times_of_files(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"

    def edit() -> None:
        for number in range(3):
            source.write_text(str(number), encoding="utf-8")
            time.sleep(10)

    def build() -> None:
        while time.monotonic() < until[0]:
            if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
                target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
            time.sleep(3)

    until = [0.0]

    def body() -> None:
        source.write_text("", encoding="utf-8")
        target.unlink(missing_ok=True)
        until[0] = time.monotonic() + 60
        in_threads(edit, build)
        assert target.read_text(encoding="utf-8") == "2"

    check(body, walks=5)


def test_two_versions_have_different_times(file: Path) -> None:
    def body() -> list[int]:
        times = []
        for text in ("first", "second"):
            file.write_text(text)
            times.append(file.stat().st_mtime_ns)
        os.utime(file)
        times.append(file.stat().st_mtime_ns)
        return [*times, time.time_ns()]

    times = value_of(body)
    assert times == sorted(set(times))


def test_changes_of_files_end_no_wait(file: Path) -> None:
    def body() -> None:
        event = threading.Event()
        waits: list[bool] = []
        thread = threading.Thread(target=lambda: waits.append(event.wait(0.001)))
        thread.start()
        for _ in range(2_000):
            os.utime(file)
        event.set()
        thread.join()
        assert waits == [True]

    check(body, walks=1)
