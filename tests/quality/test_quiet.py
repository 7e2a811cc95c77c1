"""Correct programs, each under 200 schedules: nothing may be found, and no thread may be uncontrolled or left behind.

Warnings are errors in this suite, so a thread that was set aside or could not be ended fails its test.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import io
import logging
import queue
import random
import sys
import threading
import time
import weakref
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait
from datetime import datetime
from threading import Lock, Thread, Timer
from unittest import mock

import pytest

from tests.quality.sharing import Box, in_threads
from tests.thorough import some, thorough

pytestmark = pytest.mark.concurrency(schedules=200, seed=20, seconds=60)

MODULE_LOCK = threading.Lock()
MODULE_CONDITION = threading.Condition()
MODULE_BARRIER = threading.Barrier(2)
MODULE_POOL = ThreadPoolExecutor(2)
log = logging.getLogger("quiet")


@pytest.fixture(scope="module")
def module_rlock():
    return threading.RLock()


@pytest.fixture(scope="session")
def session_lock():
    return Lock()


@pytest.fixture
def function_semaphore():
    return threading.BoundedSemaphore(1)


# -- locks, wherever they are made --


def test_lock_made_at_import():
    box = Box()

    def work():
        with MODULE_LOCK:
            box.value += 1

    in_threads(work, work, work)
    assert box.value == 3


def test_locks_made_in_fixtures(module_rlock, session_lock, function_semaphore):
    box = Box()

    def work():
        with module_rlock, module_rlock:
            box.value += 1
        with session_lock:
            box.value += 0
        with function_semaphore:
            pass

    def count():
        with session_lock, module_rlock:
            return box.value

    def safe_work():
        with session_lock, module_rlock:
            box.value += 1

    in_threads(safe_work, safe_work)
    assert count() == 2
    work()


def test_try_lock_is_taken_by_somebody():
    lock = Lock()
    got = []

    def work():
        if lock.acquire(blocking=False):
            got.append(1)
            lock.release()

    in_threads(work, work)
    assert got


def test_readers_see_a_growing_value():
    box, lock, seen = Box(), Lock(), []

    def write():
        for _ in range(3):
            with lock:
                box.value += 1

    def read():
        for _ in range(3):
            with lock:
                seen.append(box.value)

    in_threads(write, read)
    assert seen == sorted(seen)


# -- the other primitives --


def test_condition_producer_and_consumer():
    items, got = [], []

    def produce():
        for number in range(3):
            with MODULE_CONDITION:
                items.append(number)
                MODULE_CONDITION.notify()

    def consume():
        for _ in range(3):
            with MODULE_CONDITION:
                while not items:
                    MODULE_CONDITION.wait()
                got.append(items.pop(0))

    in_threads(consume, produce)
    assert got == [0, 1, 2]


def test_condition_wait_for():
    box, condition = Box(), threading.Condition(threading.Lock())

    def wait_for_two():
        with condition:
            assert condition.wait_for(lambda: box.value == 2)

    def count():
        for _ in range(2):
            with condition:
                box.value += 1
                condition.notify_all()

    in_threads(wait_for_two, count)


@pytest.mark.parametrize("kind", ["made here", "made at import"])
def test_barrier(kind):
    barrier = threading.Barrier(2) if kind == "made here" else MODULE_BARRIER
    there = []

    def work():
        barrier.wait()
        there.append(1)
        barrier.wait()
        assert len(there) == 2

    in_threads(work, work)


def test_event_orders_a_write_before_a_read():
    event, box = threading.Event(), Box()

    def write():
        box.value = 5
        event.set()

    def read():
        event.wait()
        assert box.value == 5

    in_threads(write, read)


def test_semaphore_lets_two_in():
    semaphore, lock, box, most = threading.Semaphore(2), Lock(), Box(), []

    def work():
        with semaphore:
            with lock:
                box.value += 1
                most.append(box.value)
            with lock:
                box.value -= 1

    in_threads(work, work, work)
    assert max(most) <= 2


def test_timer_fires_and_is_cancelled():
    fired = threading.Event()
    timer = Timer(30, fired.set)
    timer.start()
    assert fired.wait(60)
    timer.join()
    never = threading.Event()
    timer = Timer(30, never.set)
    timer.start()
    timer.cancel()
    timer.join()
    assert not never.is_set()


# -- queues and pools --


@pytest.mark.parametrize("kind", [queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue])
def test_queues(kind):
    items, got = kind(), []

    def produce():
        for number in range(3):
            items.put(number)

    def consume():
        for _ in range(3):
            got.append(items.get())

    in_threads(produce, consume)
    assert sorted(got) == [0, 1, 2]


def test_full_queue_and_task_done():
    items, done = queue.Queue(maxsize=1), []

    def work():
        while True:
            done.append(items.get())
            items.task_done()

    Thread(target=work, daemon=True).start()
    for number in range(3):
        items.put(number)
    items.join()
    assert done == [0, 1, 2]


def test_pool_that_is_never_shut_down():
    pool = ThreadPoolExecutor(2)
    assert [future.result() for future in [pool.submit(pow, 2, number) for number in range(3)]] == [1, 2, 4]


def test_pool_made_at_import():
    assert sum(MODULE_POOL.map(lambda number: number, range(4))) == 6


def test_pool_with_as_completed_and_wait():
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(lambda number=number: number) for number in range(3)]
        assert sorted(future.result() for future in as_completed(futures)) == [0, 1, 2]
        wait(futures, return_when=FIRST_COMPLETED)


def test_thread_pool_fixture(thread_pool):
    assert list(thread_pool.map(abs, [-1, -2])) == [1, 2]


def test_run_concurrent_and_barrier_fixtures(run_concurrent, barrier):
    assert run_concurrent.each(lambda number: (barrier.wait(), number)[1], [1, 2]) == [1, 2]


# -- threads that outlive the test body --


def test_daemon_thread_that_never_ends():
    box = Box()

    def work():
        while True:
            box.value += 1
            time.sleep(0.1)

    Thread(target=work, daemon=True).start()
    while not box.value:
        time.sleep(1)


def test_thread_that_is_not_joined():
    box = Box()
    Thread(target=lambda: setattr(box, "value", 1)).start()
    assert box.value in (0, 1)


def test_thread_that_waits_for_what_teardown_does(request):
    stop = threading.Event()
    request.addfinalizer(stop.set)
    Thread(target=stop.wait).start()
    assert not stop.is_set()


# -- polling, spinning, stop flags, timeouts --


def test_polling_with_sleep():
    box = Box()

    def write():
        time.sleep(5)
        box.value = 1

    def poll():
        while not box.value:
            time.sleep(0.1)

    in_threads(write, poll)


@pytest.mark.parametrize("pause", [None, 0])
def test_spinning(pause):
    box = Box()

    def write():
        box.value = 1

    def spin():
        while not box.value:
            if pause is not None:
                time.sleep(pause)

    in_threads(spin, write, spin)


@thorough
def test_polling_the_clock():
    box = Box()

    def write():
        box.value = 1

    def poll():
        end = time.monotonic() + 5
        while not box.value and time.monotonic() < end:
            pass
        assert box.value

    def wait_a_while():
        end = time.time() + 5
        while time.time() < end:
            pass

    in_threads(poll, wait_a_while, write)


def test_stop_flags():
    stop, box = threading.Event(), Box()
    stopped = False

    def work():
        while not stop.is_set():
            box.value += 1

    def work_until_told():
        while not stopped:
            pass

    threads = [Thread(target=work), Thread(target=work_until_told)]
    for thread in threads:
        thread.start()
    stop.set()
    stopped = True
    for thread in threads:
        thread.join()


def test_timeouts_take_no_time_and_end_in_order():
    ended = []

    def wait_for(seconds):
        assert not threading.Event().wait(seconds)
        ended.append(seconds)

    began = time.monotonic()
    in_threads(lambda: wait_for(3600), lambda: wait_for(60), lambda: wait_for(7200))
    assert ended == [60, 3600, 7200]
    assert 7200 <= time.monotonic() - began < 7201
    lock = Lock()
    with lock:
        assert not lock.acquire(timeout=3)
    with pytest.raises(queue.Empty):
        queue.Queue().get(timeout=100)


# -- what belongs to a thread --


def test_thread_local_is_fresh():
    local = threading.local()

    def work():
        assert not hasattr(local, "value")
        local.value = 1
        assert local.value == 1

    in_threads(work, work)
    assert not hasattr(local, "value")


LOCAL_MADE_AT_IMPORT = threading.local()


def test_thread_local_made_at_import_is_fresh_in_each_thread():
    def work():
        assert not hasattr(LOCAL_MADE_AT_IMPORT, "value")
        LOCAL_MADE_AT_IMPORT.value = 1

    in_threads(work, work)


def test_context_variables():
    variable = contextvars.ContextVar("variable", default=0)

    def work():
        variable.set(variable.get() + 1)
        assert variable.get() == 1

    in_threads(work, work)
    assert variable.get() == 0


def test_names_and_random_numbers_are_the_same_each_time():
    names = []
    lock = Lock()

    def work():
        with lock:
            names.append(threading.current_thread().name)

    in_threads(work, work)
    assert sorted(names) == ["Thread-1 (work)", "Thread-2 (work)"]
    assert random.random() == random.Random(0).random()


# -- logging, caches, collections --


class Talkative:
    """Its text is made while a handler of the test runner holds a lock that cannot be seen."""

    def __init__(self) -> None:
        self.told = 0

    def __str__(self) -> str:
        self.told += 1
        return "talkative"


def test_logging(caplog):
    thing = Talkative()

    def work():
        for number in range(2):
            log.warning("%s %d", thing, number)

    in_threads(work, work)
    assert len(caplog.records) == 4


class Lazy:
    @functools.cached_property
    def value(self) -> int:
        return 7


def test_cached_property_and_lru_cache():
    lazy, seen = Lazy(), []

    @functools.lru_cache
    def double(number: int) -> int:
        return number * 2

    def work():
        seen.append(lazy.value + double(1))

    in_threads(work, work)
    assert seen == [9, 9]


def test_weak_values():
    class Thing:
        pass

    thing, lock = Thing(), Lock()
    values = weakref.WeakValueDictionary({"a": thing})

    def work():
        with lock:
            assert values.get("a") is thing

    in_threads(work, work)


def test_generators_and_comprehensions_of_a_thread():
    def work():
        def numbers():
            yield from range(3)

        assert list(numbers()) == [0, 1, 2]
        assert [number + 1 for number in numbers()] == [1, 2, 3]

    in_threads(work, work)


def test_lazy_imports():
    def work():
        import colorsys

        assert colorsys.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)

    in_threads(work, work)


# -- ends of threads --


def test_own_excepthook_deals_with_exceptions(monkeypatch):
    seen = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))

    def work():
        seen.append(None)
        raise ZeroDivisionError

    in_threads(work, work)
    assert sorted(map(str, seen)) == sorted(map(str, [None, None, ZeroDivisionError, ZeroDivisionError]))


def test_system_exit_ends_a_thread_quietly():
    done = []

    def work():
        done.append(1)
        raise SystemExit

    in_threads(work, work)
    assert len(done) == 2


def test_threads_started_by_threads():
    done = []

    def inner():
        done.append(1)

    def outer():
        thread = Thread(target=inner)
        thread.start()
        thread.join()
        assert not thread.is_alive()

    in_threads(outer, outer)
    assert done == [1, 1]


# -- polling --


@pytest.mark.parametrize("pollers", some([2, 8, 20], 2))
def test_polling_under_a_lock(pollers):
    lock = Lock()
    ready = Box()

    def poll():
        while True:
            with lock:
                if ready.value:
                    return

    def prepare():
        with lock:
            ready.value = 1

    in_threads(*[poll] * pollers, prepare)


# Each of its schedules has thousands of steps.
@thorough
@pytest.mark.concurrency(schedules=50, seed=20, seconds=60)
def test_many_that_count_while_they_wait():
    lock = Lock()
    ready = Box()
    rounds = Box()

    def poll():
        while True:
            with lock:
                rounds.value += 1
                if ready.value:
                    return

    def prepare():
        with lock:
            ready.value = 1

    in_threads(*[poll] * 8, prepare)


# -- clocks that are kept --


class Expiring:
    """Keeps the clock that was there when this was imported, in every way there is."""

    timer = staticmethod(time.monotonic)

    def __init__(self, clock=time.monotonic, pause=time.sleep, wall=time.time, *, now=datetime.now):
        self.clock = clock
        self.pause = pause
        self.wall = wall
        self.now = now

    def readings(self):
        return self.clock(), self.timer(), self.wall(), self.now().timestamp()


def test_clocks_as_default_arguments_and_class_attributes():
    cache = Expiring()
    before = cache.readings()
    in_threads(lambda: time.sleep(3600), lambda: cache.pause(3600))
    assert all(3600 <= later - earlier < 7200 for earlier, later in zip(before, cache.readings(), strict=True))


def test_nested_pools():
    def outer(number):
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda other: other * number, range(2)))

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(outer, range(3))) == [0, 1, 2]


@pytest.mark.concurrency(schedules=20, seed=20, seconds=60)
@pytest.mark.parametrize("make", [threading.Lock, threading.RLock])
def test_locks_at_the_end_of_the_stack(make):
    lock, ended = make(), []

    def deeper():
        with lock:
            pass
        return deeper()

    def work():
        try:
            deeper()
        except RecursionError:
            ended.append(True)
        with lock:
            pass

    in_threads(work, work)
    assert len(ended) == 2


# -- patches --


class Settings:
    level = 0
    depth = 0


def test_patch_around_the_threads():
    seen = []
    with mock.patch.object(Settings, "level", 1), mock.patch(f"{__name__}.Settings.depth", 2):
        in_threads(*(lambda: seen.append(Settings.level + Settings.depth) for _ in range(2)))
    assert seen == [3, 3]
    assert (Settings.level, Settings.depth) == (0, 0)


def test_patches_under_a_lock():
    lock, seen = threading.Lock(), []

    def work(level):
        with lock, mock.patch.object(Settings, "level", level):
            seen.append(Settings.level == level)

    in_threads(lambda: work(1), lambda: work(2))
    assert seen == [True, True]
    assert Settings.level == 0


def test_patches_of_different_things():
    def work(name):
        with mock.patch.object(Settings, name, 1):
            assert getattr(Settings, name) == 1

    in_threads(lambda: work("level"), lambda: work("depth"))
    assert (Settings.level, Settings.depth) == (0, 0)


def test_monkeypatch_in_one_thread():
    def work():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Settings, "level", 1)
            assert Settings.level == 1

    in_threads(work, lambda: None)
    assert Settings.level == 0


def test_output_redirected_around_the_threads():
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        in_threads(lambda: print("a"), lambda: print("a"))
    assert stream.getvalue().split() == ["a", "a"]
    assert sys.stdout is not stream
