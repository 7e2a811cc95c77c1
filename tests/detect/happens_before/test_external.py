"""What files and announced steps order, and what they do not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import pytest_interleave

from ..racing import races_between


class Box:
    def __init__(self):
        self.n = 0


def test_a_thread_that_finds_a_file_comes_after_the_one_that_made_it(tmp_path: Path) -> None:
    paths = iter([tmp_path / str(number) for number in range(100)])

    def program(box: Box):
        ready = next(paths)

        def makes():
            box.n = 1
            ready.touch()

        def finds():
            while not ready.exists():
                time.sleep(1)
            box.n += 1

        return makes, finds

    assert races_between(lambda: program(Box())) == set()


def test_a_lock_file_orders_accesses(tmp_path: Path) -> None:
    def program(box: Box):
        def work():
            while True:
                try:
                    os.close(os.open(tmp_path / "lock", os.O_CREAT | os.O_EXCL))
                    break
                except FileExistsError:
                    time.sleep(0.1)
            box.n += 1
            os.unlink(tmp_path / "lock")

        return work, work

    assert races_between(lambda: program(Box())) == set()


def test_flock_orders_accesses(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")

    def program(box: Box):
        def work():
            with open(tmp_path / "lock", "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                box.n += 1

        return work, work

    assert races_between(lambda: program(Box())) == set()


def test_two_threads_that_write_to_one_log_are_not_ordered(tmp_path: Path) -> None:
    def program(box: Box):
        def work():
            with open(tmp_path / "log", "a") as log:
                log.write("begin\n")
            box.n += 1

        (tmp_path / "log").touch()
        return work, work

    assert races_between(lambda: program(Box())) == {"Box.n"}


def test_what_is_read_was_written_before(tmp_path: Path) -> None:
    def program(box: Box):
        path = tmp_path / "data"
        path.write_text("")

        def writes():
            box.n = 1
            path.write_text("ready")

        def reads():
            if path.read_text() == "ready":
                box.n += 1

        return writes, reads

    assert races_between(lambda: program(Box())) == set()


def test_announced_steps_order_accesses() -> None:
    def program(box: Box):
        store: list[int] = []

        def puts():
            box.n = 1
            with pytest_interleave.step("store", write=True):
                store.append(1)

        def takes():
            pytest_interleave.wait_until("store", lambda: bool(store))
            box.n += 1

        return puts, takes

    assert races_between(lambda: program(Box())) == set()


def test_steps_on_different_resources_order_nothing() -> None:
    def program(box: Box):
        def work(name: str):
            pytest_interleave.step(name, write=True)
            box.n += 1

        return lambda: work("a"), lambda: work("b")

    assert races_between(lambda: program(Box())) == {"Box.n"}
