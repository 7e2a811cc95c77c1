"""Child processes made by `fork` are not under control, and end."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import threading
import time
from collections.abc import Callable

import pytest

from pytest_interleave.explore import RandomWalk
from tests.driving import check, executions, require_good_end

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    # From 3.12 on, because the process has other threads: the plugin's own.
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]


def good_ends(body: Callable[[], object]) -> None:
    """A thread that waits for its child is set aside, as it should be; all else is as in `check`."""
    for outcome in executions(body, RandomWalk(1), 5):
        require_good_end(outcome._replace(set_aside=[]))


def in_child(work: Callable[[], object]) -> int:
    """The exit status of a child process that does `work`."""
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            work()
            status = 7
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_of_any_thread_has_real_locks_clocks_and_threads() -> None:
    cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    statuses: list[int] = []

    def body() -> None:
        lock = threading.Lock()
        shared = {"value": 0}

        def work() -> None:
            started = time.monotonic()
            time.sleep(0.01)
            assert time.monotonic() - started < 10
            with lock:
                shared["value"] += 1
            done = threading.Event()
            thread = threading.Thread(target=done.set)
            thread.start()
            assert done.wait(10)
            thread.join()
            assert gc.isenabled()
            assert not cpus or os.sched_getaffinity(0) == cpus

        def fork() -> None:
            shared["value"] += 1
            statuses.append(in_child(work))
            shared["value"] += 1

        threads = [threading.Thread(target=fork) for _ in range(2)]
        for thread in threads:
            thread.start()
        fork()
        for thread in threads:
            thread.join()

    good_ends(body)
    assert statuses == [7] * 15


def _put(queue: multiprocessing.Queue[int], number: int) -> None:
    thread = threading.Thread(target=time.sleep, args=(0.01,))
    thread.start()
    thread.join()
    queue.put(number)


def test_multiprocessing() -> None:
    context = multiprocessing.get_context("fork")

    def body() -> None:
        queue = context.SimpleQueue()

        def run(number: int) -> None:
            process = context.Process(target=_put, args=(queue, number))
            process.start()
            process.join(20)
            assert process.exitcode == 0

        threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted([queue.get(), queue.get()]) == [0, 1]

    good_ends(body)


def test_the_parent_continues_under_control() -> None:
    def body() -> None:
        assert in_child(lambda: None) == 7
        before = time.monotonic()
        time.sleep(3600)
        assert time.monotonic() - before >= 3600

    good_ends(body)
    check(lambda: time.sleep(3600), walks=2)
