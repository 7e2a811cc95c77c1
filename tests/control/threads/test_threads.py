"""Threads, timers, pools and raw threads under control behave as ordinary ones."""

from __future__ import annotations

import _thread
import contextvars
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError, as_completed, wait

import pytest

from pytest_interleave.explore import NonPreemptive, RandomWalk
from tests.driving import check, execute, executions, require_good_end, value_of


def test_names_are_the_same_in_every_execution() -> None:
    def names() -> list[str]:
        threads = [threading.Thread(target=lambda: None) for _ in range(2)]
        threads += [threading.Timer(1, lambda: None), threading.Thread(name="mine", target=lambda: None)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [thread.name for thread in threads]

    found: list[list[str]] = []
    for outcome in executions(lambda: found.append(names()), RandomWalk(1), 3):
        require_good_end(outcome)
    assert found[0][-1] == "mine"
    assert len(set(found[0])) == 4
    assert found == [found[0]] * 3


def test_a_thread_s_life() -> None:
    def body() -> None:
        seen: list[object] = []

        def work() -> None:
            seen.append(threading.current_thread())
            seen.append(threading.get_ident())
            assert threading.current_thread() in threading.enumerate()
            assert thread.is_alive()

        thread = threading.Thread(target=work)
        assert thread.ident is None
        assert not thread.is_alive()
        with pytest.raises(RuntimeError, match="cannot join thread before it is started"):
            thread.join()
        thread.start()
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()
        thread.join()
        assert seen == [thread, thread.ident]
        assert not thread.is_alive()
        assert thread not in threading.enumerate()
        thread.join()
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()
        with pytest.raises(RuntimeError, match="cannot join current thread"):
            threading.current_thread().join()

    check(body)


def test_what_is_left_of_a_thread_after_the_execution() -> None:
    threads: list[threading.Thread] = []

    def body() -> None:
        for function in (lambda: None, threading.Event().wait):
            threads.append(threading.Thread(target=function, daemon=True))
            threads[-1].start()

    require_good_end(execute(body))
    for thread in threads:
        assert not thread.is_alive()
        thread.join(1)
        assert thread not in threading.enumerate()


def test_joining_with_a_time_limit() -> None:
    def body() -> None:
        thread = threading.Thread(target=time.sleep, args=(3600,))
        thread.start()
        before = time.monotonic()
        thread.join(0)
        assert time.monotonic() - before < 0.001
        thread.join(60)
        assert thread.is_alive()
        assert 60 <= time.monotonic() - before < 61
        thread.join(3600)
        assert not thread.is_alive()

    check(body)


def test_a_timer_and_one_that_is_cancelled() -> None:
    def body() -> None:
        called: list[object] = []
        late = threading.Timer(3600, called.append, args=("late",))
        soon = threading.Timer(1, called.append, args=("soon",))
        for timer in (late, soon):
            timer.start()
        soon.join()
        late.cancel()
        late.join()
        assert called == ["soon"]

    check(body)


def test_an_exception_in_a_thread_is_a_failure_of_it() -> None:
    def body() -> None:
        thread = threading.Thread(target=lambda: 1 // 0, name="divider")
        thread.start()
        thread.join()

    outcome = execute(body)
    assert outcome.exception is None
    assert [(failure.thread, type(failure.exception)) for failure in outcome.failures] == [
        ("divider", ZeroDivisionError)
    ]


def test_a_hook_of_the_program_gets_exceptions_instead() -> None:
    def body() -> None:
        caught: list[object] = []
        before = threading.excepthook
        threading.excepthook = lambda args: caught.append((args.exc_type, args.thread))
        try:
            thread = threading.Thread(target=lambda: 1 // 0)
            thread.start()
            thread.join()
        finally:
            threading.excepthook = before
        assert caught == [(ZeroDivisionError, thread)]

    check(body, walks=3)


def test_it_is_the_hook_of_the_moment_that_gets_them() -> None:
    def body() -> None:
        caught: list[object] = []
        before = threading.excepthook
        go_on = threading.Event()

        def work() -> None:
            go_on.wait()
            raise KeyError

        thread = threading.Thread(target=work)
        thread.start()
        threading.excepthook = lambda args: caught.append(args.exc_type)
        try:
            go_on.set()
            thread.join()
        finally:
            threading.excepthook = before
        assert caught == [KeyError]

    check(body, walks=5)


def test_system_exit_ends_a_thread_quietly_unless_it_means_a_failure() -> None:
    def raiser(status: object) -> threading.Thread:
        def work() -> None:
            raise SystemExit(status)

        return threading.Thread(target=work)

    def body(status: object) -> None:
        thread = raiser(status)
        thread.start()
        thread.join()

    assert execute(lambda: body(None)).failures == []
    assert execute(lambda: body(0)).failures == []
    (failure,) = execute(lambda: body(3)).failures
    assert isinstance(failure.exception, SystemExit)


def test_thread_locals_are_fresh_in_each_thread_and_each_execution() -> None:
    local = threading.local()

    def body() -> None:
        def work() -> None:
            assert not hasattr(local, "value")
            local.value = threading.get_ident()

        # One after the other, so that the second could be run where the first was.
        for _ in range(3):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    for outcome in executions(body, RandomWalk(1), 5):
        require_good_end(outcome)


def test_context_variables_of_one_thread_are_not_seen_in_another() -> None:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)

    def body() -> None:
        def work() -> None:
            assert variable.get() == 0
            variable.set(1)

        for _ in range(3):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert variable.get() == 0

    check(body, walks=3)


def test_raw_threads() -> None:
    def body() -> None:
        results: list[object] = []
        done = threading.Semaphore(0)

        def work(*args: object, **kwargs: object) -> None:
            results.append((args, kwargs, threading.get_ident()))
            done.release()
            raise SystemExit

        ident = _thread.start_new_thread(work, (1,), {"key": 2})
        done.acquire()
        assert results == [((1,), {"key": 2}, ident)]
        with pytest.raises(TypeError):
            _thread.start_new_thread(None, ())
        with pytest.raises(TypeError):
            _thread.start_new_thread(work, [])

    check(body)


def test_a_pool() -> None:
    def body() -> None:
        with ThreadPoolExecutor(2, thread_name_prefix="worker") as pool:
            assert list(pool.map(lambda number: number * number, range(4))) == [0, 1, 4, 9]
            failing = pool.submit(lambda: 1 // 0)
            assert isinstance(failing.exception(), ZeroDivisionError)
            slow = pool.submit(time.sleep, 3600)
            with pytest.raises(TimeoutError):
                slow.result(timeout=60)
            assert wait([slow]).done == {slow}
        with pytest.raises(RuntimeError):
            pool.submit(int)

    check(body)


def test_a_pool_that_is_never_shut_down() -> None:
    def body() -> None:
        assert ThreadPoolExecutor(2).submit(lambda: 42).result() == 42

    check(body)


def test_threads_started_by_threads_are_controlled() -> None:
    def body() -> None:
        order: list[str] = []

        def child() -> None:
            time.sleep(60)
            order.append("child")

        def parent() -> None:
            thread = threading.Thread(target=child)
            thread.start()
            thread.join()
            order.append("parent")

        thread = threading.Thread(target=parent)
        thread.start()
        thread.join()
        assert order == ["child", "parent"]

    check(body)


def test_a_thread_that_was_started_before_can_be_joined() -> None:
    # Made outside the scheduler's sight, as a fixture of a wider scope would.
    go = threading.Lock()._real  # type: ignore[attr-defined]
    go.acquire()
    thread = threading.Thread(target=go.acquire)
    thread.start()

    def body() -> bool:
        go.release()
        thread.join()
        return thread.is_alive()

    outcome = execute(lambda: body() is False)
    assert outcome.exception is None
    assert outcome.stuck is None
    assert not thread.is_alive()


def test_the_main_thread_is_itself() -> None:
    assert value_of(threading.current_thread) is threading.current_thread()
    assert value_of(threading.get_ident) == threading.get_ident()


def test_sets_of_threads_and_futures_have_the_same_order_in_every_execution() -> None:
    kept = []

    def body() -> None:
        # So that addresses are others each time.
        kept.append([object() for _ in range(len(kept) * 7 % 11)])
        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(time.sleep, 1) for _ in range(16)]
            kept.append(futures)
            done = [futures.index(future) for future in wait(futures).done]
            workers = [thread.name for thread in pool._threads]
        completed = [futures.index(future) for future in as_completed(futures)]
        timers = [timer.interval for timer in {threading.Timer(number, print) for number in range(16)}]
        found.append((done, workers, completed, timers))

    found: list[tuple[list[object], ...]] = []
    for outcome in executions(body, NonPreemptive(), 10):
        require_good_end(outcome)
    assert found == [found[0]] * 10


def test_what_was_numbered_stays_in_its_set_when_control_is_over() -> None:
    made = value_of(lambda: [Future(), threading.Thread()])
    both = set(made)
    before = [Future(), threading.Thread()]
    assert all(thing in both for thing in made)
    assert all(thing not in both for thing in before)
    execute(lambda: both.update(before))
    assert all(thing in both for thing in [*made, *before])
    assert hash(before[0]) == object.__hash__(before[0])
