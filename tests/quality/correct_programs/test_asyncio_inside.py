"""Correct programs with an event loop in a controlled thread, or beside controlled threads.

Tasks are not interleaved. A loop waits in a selector, which is a real wait, as in `test_real_waits`: the warning that a
thread was set aside is right here. What must hold: every test passes, and each clock has advanced by the waiting time.
"""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from .sizes import Counter, concurrency, join, set_aside, start

# Each schedule takes as long as its real waits.
pytestmark = [concurrency(3), set_aside]

TIMEOUT = 5


def run_in_thread(main, timeout=30):
    """The loop runs in a thread of its own, and what its main function returns is returned."""
    results = []
    join(start(lambda: results.append(asyncio.run(main()))), timeout)
    return results[0]


# -- one loop --


async def timeout_around_a_sleep():
    async with asyncio.timeout(2):
        await asyncio.sleep(0.2)


async def timeout_that_expires():
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await asyncio.sleep(10)
    assert 0.19 <= time.monotonic() - began < 5


async def wait_for_a_result():
    async def answer():
        await asyncio.sleep(0.05)
        return 42

    assert await asyncio.wait_for(answer(), timeout=TIMEOUT) == 42


async def wait_for_what_does_not_come():
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), timeout=0.1)


async def sleeps_one_after_the_other():
    began = time.monotonic()
    for _ in range(5):
        await asyncio.sleep(0.05)
    assert 0.24 <= time.monotonic() - began < 5


async def sleeps_at_once():
    began = time.monotonic()
    assert await asyncio.gather(*[asyncio.sleep(0.1, number) for number in range(10)]) == list(range(10))
    assert 0.09 <= time.monotonic() - began < 5


async def time_of_the_loop():
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(0.1)
    assert 0.09 <= loop.time() - began < 5


async def calls_later():
    loop, ended, order = asyncio.get_running_loop(), asyncio.Event(), []
    now = loop.time()
    loop.call_at(now + 0.03, lambda: (order.append(3), ended.set()))
    loop.call_at(now + 0.01, order.append, 1)
    loop.call_at(now + 0.02, order.append, 2)
    loop.call_later(60, order.append, "never").cancel()
    await asyncio.wait_for(ended.wait(), TIMEOUT)
    assert order == [1, 2, 3]


async def queue_between_tasks():
    items, got = asyncio.Queue(2), []

    async def consume():
        while (item := await asyncio.wait_for(items.get(), TIMEOUT)) is not None:
            got.append(item)

    async with asyncio.TaskGroup() as group:
        group.create_task(consume())
        for number in range(20):
            await items.put(number)
        await items.put(None)
    assert got == list(range(20))


async def tasks_with_a_lock():
    lock, value = asyncio.Lock(), 0

    async def add():
        nonlocal value
        async with lock:
            seen = value
            await asyncio.sleep(0.001)
            value = seen + 1

    await asyncio.wait_for(asyncio.gather(*[add() for _ in range(10)]), TIMEOUT)
    assert value == 10


async def tasks_with_a_semaphore():
    semaphore, inside, most = asyncio.Semaphore(2), 0, 0

    async def work():
        nonlocal inside, most
        async with semaphore:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.wait_for(asyncio.gather(*[work() for _ in range(10)]), TIMEOUT)
    assert most == 2


async def cancelled_task():
    task = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def some_done_some_pending():
    tasks = [asyncio.create_task(asyncio.sleep(delay)) for delay in (0.01, 60)]
    done, pending = await asyncio.wait(tasks, timeout=TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(pending)) == (1, 1)
    tasks[1].cancel()


async def results_as_they_come():
    tasks = [asyncio.sleep(0.01 * number, number) for number in range(5)]
    assert sorted([await task for task in asyncio.as_completed(tasks, timeout=TIMEOUT)]) == list(range(5))


async def shielded_task_outlives_its_timeout():
    task = asyncio.create_task(asyncio.sleep(1.5, "result"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(task), timeout=0.01)
    assert await task == "result"


async def periodic_task():
    ticks = []

    async def tick():
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    task = asyncio.create_task(tick())
    while len(ticks) < 5:
        await asyncio.sleep(0.01)
    task.cancel()
    assert ticks == sorted(ticks)


async def condition_of_tasks():
    condition, ready = asyncio.Condition(), []

    async def wait():
        async with condition:
            await condition.wait_for(lambda: ready)

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    async with condition:
        ready.append(1)
        condition.notify_all()
    await asyncio.wait_for(waiting, TIMEOUT)


async def computation_between_awaits():
    total = 0
    for number in range(50):
        total += sum(range(number))
        await asyncio.sleep(0)
    assert total == sum(sum(range(number)) for number in range(50))


LOOPS = [
    timeout_around_a_sleep,
    timeout_that_expires,
    wait_for_a_result,
    wait_for_what_does_not_come,
    sleeps_one_after_the_other,
    sleeps_at_once,
    time_of_the_loop,
    calls_later,
    queue_between_tasks,
    tasks_with_a_lock,
    tasks_with_a_semaphore,
    cancelled_task,
    some_done_some_pending,
    results_as_they_come,
    shielded_task_outlives_its_timeout,
    periodic_task,
    condition_of_tasks,
    computation_between_awaits,
]
loops = pytest.mark.parametrize("main", LOOPS, ids=lambda main: main.__name__)


@loops
def test_loop_in_the_tests_own_thread(main):
    threads = start(Counter().add)
    asyncio.run(main())
    join(threads)


@loops
def test_loop_in_a_thread_while_another_one_works(main):
    counter = Counter()
    threads = start(lambda: counter.add(60))
    run_in_thread(main)
    join(threads)
    assert counter.value == 60


@loops
def test_loop_in_each_of_two_threads(main):
    def run():
        asyncio.run(main())

    join(start(run, run))


# -- loops and threads --


@pytest.mark.parametrize("size", [1, 10, 60])
def test_to_thread(size):
    counter = Counter()

    async def main():
        await asyncio.wait_for(asyncio.gather(*[asyncio.to_thread(counter.add, size) for _ in range(3)]), TIMEOUT)

    asyncio.run(main())
    assert counter.value == 3 * size


@pytest.mark.parametrize("size", [1, 10, 60])
def test_run_in_executor(size):
    counter = Counter()

    async def main():
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(TIMEOUT):
            await loop.run_in_executor(None, counter.add, size)
        return counter.value

    assert asyncio.run(main()) == size


@pytest.fixture
def background_loop():
    """The test itself starts its thread, which is controlled for that reason."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


async def cancel_all():
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def stop(loop, thread):
    asyncio.run_coroutine_threadsafe(cancel_all(), loop).result(timeout=TIMEOUT)
    loop.call_soon_threadsafe(loop.stop)
    join([thread])


@pytest.mark.parametrize("size", [1, 10, 60])
def test_coroutines_sent_to_a_loop_in_the_background(background_loop, size):
    async def double(number):
        await asyncio.sleep(0.001)
        return 2 * number

    (thread,) = start(background_loop.run_forever)
    for number in range(min(size, 10)):
        assert asyncio.run_coroutine_threadsafe(double(number), background_loop).result(timeout=5) == 2 * number
    Counter().add(size)
    stop(background_loop, thread)


def test_event_of_a_loop_set_by_a_thread(background_loop):
    async def wait(ready):
        await asyncio.wait_for(ready.wait(), TIMEOUT)
        return "ready"

    async def make():
        return asyncio.Event()

    (thread,) = start(background_loop.run_forever)
    ready = asyncio.run_coroutine_threadsafe(make(), background_loop).result(timeout=5)
    future = asyncio.run_coroutine_threadsafe(wait(ready), background_loop)
    background_loop.call_soon_threadsafe(ready.set)
    assert future.result(timeout=5) == "ready"
    stop(background_loop, thread)


def test_timeout_of_a_coroutine_in_the_background(background_loop):
    (thread,) = start(background_loop.run_forever)
    future = asyncio.run_coroutine_threadsafe(asyncio.sleep(60), background_loop)
    with pytest.raises(TimeoutError):
        future.result(timeout=0.05)
    stop(background_loop, thread)


def test_queue_of_a_thread_read_by_a_loop():
    async def main():
        items = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def produce():
            for number in range(5):
                loop.call_soon_threadsafe(items.put_nowait, number)

        threads = start(produce)
        got = [await asyncio.wait_for(items.get(), TIMEOUT) for _ in range(5)]
        await asyncio.to_thread(join, threads)
        return got

    assert asyncio.run(main()) == list(range(5))


def test_runner_used_twice():
    def run():
        with asyncio.Runner() as runner:
            runner.run(asyncio.sleep(0.05))
            assert runner.run(asyncio.sleep(0.05, "second")) == "second"

    join(start(run, run))


def test_thread_that_waits_for_a_loop():
    finished = threading.Event()

    async def main():
        await asyncio.sleep(0.3)
        finished.set()

    threads = start(lambda: asyncio.run(main()))
    assert finished.wait(TIMEOUT)
    join(threads)
