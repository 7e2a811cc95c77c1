"""Which threads live, as controlled threads see it."""

from __future__ import annotations

import _thread
import threading
import time

from pytest_interleave.explore import RandomWalk
from tests.driving import check, execute, executions, require_good_end, value_of


def sleeper(seconds: float = 1.0) -> threading.Thread:
    thread = threading.Thread(target=time.sleep, args=(seconds,))
    thread.start()
    return thread


def test_threads_count_from_their_start_to_their_end() -> None:
    def body() -> None:
        before = threading.active_count()
        thread = sleeper()
        assert threading.active_count() == before + 1
        assert thread in threading.enumerate()
        assert threading.current_thread() in threading.enumerate()
        thread.join()
        assert threading.active_count() == before
        assert thread not in threading.enumerate()

    check(body)


def test_a_thread_sees_itself() -> None:
    def body() -> None:
        def look() -> None:
            seen.append(threading.current_thread() in threading.enumerate())

        seen: list[bool] = []
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert seen == [True]

    check(body)


def test_bare_threads_count_too() -> None:
    def body() -> None:
        before = _thread._count()
        done = threading.Event()

        def work() -> None:
            time.sleep(1)
            done.set()

        _thread.start_new_thread(work, ())
        thread = sleeper()
        assert _thread._count() == before + 2
        assert len(threading.enumerate()) == threading.active_count()
        thread.join()
        done.wait()
        while _thread._count() > before:
            time.sleep(0.01)
        assert _thread._count() == before

    check(body)


def test_what_carries_controlled_threads_does_not_count() -> None:
    """They live longer than the threads of one execution."""

    def body() -> None:
        counts.append((_thread._count(), threading.active_count()))
        for thread in [sleeper() for _ in range(3)]:
            thread.join()
        counts.append((_thread._count(), threading.active_count()))

    counts: list[tuple[int, int]] = []
    for outcome in executions(body, RandomWalk(1), 3):
        assert outcome.exception is None
    assert len(counts) == 6
    assert len(set(counts)) == 1


def test_threads_that_are_not_controlled_count() -> None:
    go_on = threading.Event()
    outside = threading.Thread(target=go_on.wait)
    without = value_of(lambda: (_thread._count(), threading.active_count()))
    outside.start()
    try:
        count, active, listed = value_of(
            lambda: (_thread._count(), threading.active_count(), outside in threading.enumerate())
        )
    finally:
        go_on.set()
        outside.join()
    assert (count, active) == (without[0] + 1, without[1] + 1)
    assert listed


def test_the_real_ones_are_back_afterwards() -> None:
    def body() -> None:
        under_control.extend((_thread._count, threading.active_count, threading.enumerate))

    before = (_thread._count, threading.active_count, threading.enumerate)
    under_control: list[object] = []
    require_good_end(execute(body))
    assert (_thread._count, threading.active_count, threading.enumerate) == before
    assert not set(before) & set(under_control)


def test_polling_the_count_lets_the_others_continue() -> None:
    def body() -> None:
        before = threading.active_count()
        values: list[int] = []
        threading.Thread(target=values.append, args=(1,)).start()
        while threading.active_count() > before:
            pass
        assert values == [1]

    check(body)
