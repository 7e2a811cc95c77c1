"""An execution in which every thread ends by itself is freed at once, so that executions do not pile up."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from pytest_interleave.control.interpreter._affinity import has_gil
from pytest_interleave.explore import NonPreemptive
from tests.driving import executions, require_good_end

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 12) or not has_gil(),
    reason="a trace function refers to itself, and without a GIL the thread that made an object has to free it",
)


def take_a_lock() -> None:
    with threading.Lock():
        pass


def wait_with_a_time_limit() -> None:
    threading.Event().wait(1)


def sleep() -> None:
    time.sleep(1)


def use_a_file() -> None:
    with open(__file__, "rb") as file:
        file.read(1)


def use_a_descriptor() -> None:
    descriptor = os.open(__file__, os.O_RDONLY)
    os.read(descriptor, 1)
    os.close(descriptor)


def use_a_database() -> None:
    with contextlib.closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
        connection.execute("CREATE TABLE t (n)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("SELECT n FROM t").fetchone()


def is_freed(execution: weakref.ref[object]) -> bool:
    # The OS thread that carried the last thread may still have to leave it.
    for _ in range(1_000):
        if execution() is None:
            return True
        time.sleep(0.001)
    return False


ACTS = [
    take_a_lock, wait_with_a_time_limit, sleep, time.monotonic, time.perf_counter, use_a_file, use_a_descriptor,
    use_a_database,
]  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("leap", [None, 0])
def test_an_execution_is_freed_at_once(act: Callable[[], object], leap: int | None) -> None:
    seen: list[weakref.ref[object]] = []

    def body() -> None:
        threads = [threading.Thread(target=act) for _ in range(2)]
        for thread in threads:
            thread.start()
        act()
        for thread in threads:
            thread.join()

    for outcome in executions(body, NonPreemptive(), 5, leaps=(leap,)):
        require_good_end(outcome)
        assert all(map(is_freed, seen))
        seen.append(weakref.ref(outcome.log[0][0].execution))
        del outcome


@pytest.fixture
def a_thread_not_controlled() -> Iterator[threading.Thread]:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    yield thread
    ended.set()
    thread.join()


@pytest.mark.usefixtures("a_thread_not_controlled")
def test_an_execution_is_freed_beside_a_thread_that_is_not_controlled() -> None:
    test_an_execution_is_freed_at_once(take_a_lock, None)


def test_an_execution_is_freed_if_a_thread_was_uncontrolled() -> None:
    seen: list[weakref.ref[object]] = []

    def body() -> None:
        # Long enough for the watchdog to set the only thread aside.
        subprocess.run([sys.executable, "-Sc", "import time; time.sleep(0.3)"], check=True)
        thread = threading.Thread(target=take_a_lock)
        thread.start()
        thread.join()

    for outcome in executions(body, NonPreemptive(), 2):
        require_good_end(outcome)
        assert all(map(is_freed, seen))
        seen.append(weakref.ref(outcome.log[0][0].execution))
        del outcome
