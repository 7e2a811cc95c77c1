"""Correct programs that wait with timeouts while the other side works: no timeout may expire.

A thread that works, for however long and at whatever, has not let any time pass. `kinds` says what the work is; the
other programs work under a lock, as most do.
"""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    FIRST_EXCEPTION,
    ThreadPoolExecutor,
    as_completed,
    wait,
)

import pytest

from tests.thorough import some

from .sizes import SMALL, Counter, concurrency, join, sizes, start

pytestmark = concurrency()


# -- what the other side does meanwhile --


def count_under_a_lock(size):
    Counter().add(size)


def take_from_a_queue(size):
    items = queue.Queue()
    for number in range(size):
        items.put(number)
        assert items.get() == number


def read_a_shared_table(size, table={number: number for number in range(10)}):
    assert sum(table[number % 10] for number in range(size)) >= 0


def compute(size):
    value = 1
    for number in range(size):
        value = (value * 31 + number) % 1009
    assert value < 1009


def take_timestamps(size):
    slowest = 0
    for number in range(size):
        began = time.perf_counter()
        str(number)
        slowest = max(slowest, time.perf_counter() - began)
    assert slowest >= 0


def sleep_a_little(size):
    for _ in range(size):
        time.sleep(0.0001)


def try_a_lock(size):
    lock = threading.Lock()
    for _ in range(size):
        assert lock.acquire(blocking=False)
        lock.release()


def look_at_an_event(size):
    event = threading.Event()
    for _ in range(size):
        assert not event.is_set()


def grow_a_list(size):
    items = []
    for number in range(size):
        items.append(number)
    assert len(items) == size


def start_threads(size):
    for _ in range(size):
        join(start(int))


KINDS = [
    count_under_a_lock,
    take_from_a_queue,
    read_a_shared_table,
    compute,
    take_timestamps,
    sleep_a_little,
    try_a_lock,
    look_at_an_event,
    grow_a_list,
    start_threads,
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@kinds
@sizes(*SMALL, 1_000, costs=2)
def test_join_with_a_timeout(kind, size):
    threads = start(*[lambda: kind(size)] * 2)
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()


@pytest.mark.parametrize("kind", some(KINDS[:5], 1), ids=lambda kind: kind.__name__)
@concurrency(2)
def test_join_with_a_timeout_after_much_work(kind):
    join(start(lambda: kind(10_000)))


@kinds
@sizes(60)
def test_event_that_is_set_after_work(kind, size):
    done = threading.Event()

    def worker():
        kind(size)
        done.set()

    threads = start(worker)
    assert done.wait(30)
    join(threads)


# -- conditions --


@sizes(*SMALL, 1_000, costs=2)
def test_condition_wait_in_a_loop(size):
    condition, counter, ready = threading.Condition(), Counter(), []

    def worker():
        counter.add(size)
        with condition:
            ready.append(1)
            condition.notify()

    threads = start(worker)
    with condition:
        while not ready:
            assert condition.wait(30)
    join(threads)
    assert counter.value == size


@sizes(*SMALL, 1_000, costs=2)
def test_condition_wait_for_a_count(size):
    condition, count = threading.Condition(), 0

    def worker():
        nonlocal count
        for _ in range(size):
            with condition:
                count += 1
                condition.notify_all()

    threads = start(worker, worker)
    with condition:
        assert condition.wait_for(lambda: count == 2 * size, timeout=30)
    join(threads)


@sizes(1, 10, 50, 100)
def test_ping_pong_by_a_condition(size):
    condition, turn = threading.Condition(), "ping"

    def player(mine, other):
        nonlocal turn
        for _ in range(size):
            with condition:
                assert condition.wait_for(lambda: turn == mine, timeout=30)
                turn = other
                condition.notify()

    join(start(lambda: player("ping", "pong"), lambda: player("pong", "ping")))
    assert turn == "ping"


@sizes(1, 10, 50, 100)
def test_latch(size):
    condition, left, counter = threading.Condition(), 3, Counter()

    def worker():
        nonlocal left
        counter.add(size)
        with condition:
            left -= 1
            if not left:
                condition.notify_all()

    def waiter():
        with condition:
            assert condition.wait_for(lambda: not left, timeout=30)
        assert counter.value == 3 * size

    join(start(waiter, worker, worker, worker, waiter))


# -- events --


@sizes(1, 10, 50, 100)
def test_ping_pong_by_events(size):
    ping, pong, rounds = threading.Event(), threading.Event(), []

    def answer():
        for _ in range(size):
            assert ping.wait(30)
            ping.clear()
            pong.set()

    threads = start(answer)
    for number in range(size):
        ping.set()
        assert pong.wait(30)
        pong.clear()
        rounds.append(number)
    join(threads)
    assert len(rounds) == size


@sizes(*SMALL, 1_000, costs=2)
def test_event_waited_for_in_slices(size):
    done, counter = threading.Event(), Counter()

    def worker():
        counter.add(size)
        done.set()

    threads = start(worker)
    while not done.wait(0.1):
        pass
    assert counter.value == size
    join(threads)


@sizes(*SMALL, 1_000, costs=2)
def test_event_polled_with_sleeps(size):
    done, counter = threading.Event(), Counter()

    def worker():
        counter.add(size)
        done.set()

    threads = start(worker)
    while not done.is_set():
        time.sleep(0.01)
    assert counter.value == size
    join(threads)


@sizes(*SMALL, 1_000, costs=2)
def test_flag_polled_without_sleeps_while_joins_have_timeouts(size):
    ready, counter = False, Counter()

    def poll():
        while not ready:
            pass
        assert counter.value == size

    def worker():
        nonlocal ready
        counter.add(size)
        ready = True

    join(start(poll, worker))


@sizes(1, 10, 50, 60, 100)
def test_start_signal_for_many(size):
    go, counter = threading.Event(), Counter()

    def worker():
        assert go.wait(10)
        counter.add()

    threads = start(*[worker] * 5)
    Counter().add(size)
    go.set()
    join(threads)
    assert counter.value == 5


# -- queues --


@pytest.mark.parametrize("kind", [queue.Queue, queue.SimpleQueue, queue.LifoQueue, queue.PriorityQueue])
@sizes(*SMALL, 1_000, costs=2)
def test_queue_get_after_work(kind, size):
    results, counter = kind(), Counter()

    def worker():
        counter.add(size)
        results.put("done")

    threads = start(worker)
    assert results.get(timeout=5) == "done"
    join(threads)


@sizes(*SMALL, 1_000, costs=2)
def test_queue_put_while_it_is_full(size):
    items, counter = queue.Queue(maxsize=1), Counter()
    items.put("first")

    def consumer():
        counter.add(size)
        assert items.get(timeout=30) == "first"
        assert items.get(timeout=30) == "second"

    threads = start(consumer)
    items.put("second", timeout=5)
    join(threads)


@pytest.mark.parametrize("consumers", [1, 2])
@sizes(1, 10, 50, 100)
def test_queue_join_after_work(consumers, size):
    items, counter, all_done = queue.Queue(), Counter(), threading.Event()

    def consumer():
        while items.get(timeout=30) is not None:
            counter.add()
            items.task_done()

    def watch():
        items.join()
        all_done.set()

    for number in range(size):
        items.put(number)
    threads = start(watch, *[consumer] * consumers)
    assert all_done.wait(30)
    assert counter.value == size
    for _ in range(consumers):
        items.put(None)
    join(threads)


@sizes(1, 10, 50, 100)
def test_pipeline_of_three_stages(size):
    first, second, third = queue.Queue(), queue.Queue(3), queue.Queue()

    def double():
        for _ in range(size):
            second.put(2 * first.get(timeout=30), timeout=30)

    def add_one():
        for _ in range(size):
            third.put(1 + second.get(timeout=30))

    threads = start(double, add_one)
    for number in range(size):
        first.put(number)
    assert [third.get(timeout=30) for _ in range(size)] == [2 * number + 1 for number in range(size)]
    join(threads)


@sizes(1, 10, 50, 60)
def test_requests_with_a_queue_for_each_answer(size):
    requests = queue.Queue()

    def server():
        while (request := requests.get(timeout=30)) is not None:
            number, answer = request
            Counter().add(size)
            answer.put(number * number)

    def client(number):
        answer = queue.SimpleQueue()
        requests.put((number, answer))
        assert answer.get(timeout=10) == number * number

    (serving,) = start(server)
    join(start(lambda: client(2), lambda: client(3)))
    requests.put(None)
    join([serving])


@sizes(*SMALL, 1_000, costs=2)
def test_consumer_that_tries_again_when_the_queue_is_empty(size):
    items, counter, got = queue.Queue(), Counter(), []

    def producer():
        counter.add(size)
        items.put("item")

    threads = start(producer)
    while not got:
        try:
            got.append(items.get(timeout=0.05))
        except queue.Empty:
            continue
    join(threads)


@sizes(1, 10, 50, 60)
def test_workers_that_wait_with_timeouts_themselves(size):
    jobs, results = queue.Queue(), queue.Queue()

    def worker():
        while True:
            job = jobs.get(timeout=20)
            if job is None:
                return
            Counter().add(size)
            results.put(job * 10)

    threads = start(*[worker] * 3)
    for job in range(4):
        jobs.put(job)
    assert sorted(results.get(timeout=20) for _ in range(4)) == [0, 10, 20, 30]
    for _ in threads:
        jobs.put(None)
    join(threads)


# -- futures --


@sizes(*SMALL, 1_000, costs=2)
def test_future_result(size):
    counter = Counter()
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(counter.add, size) for _ in range(3)]
        for future in futures:
            assert future.result(timeout=5) is None
    assert counter.value == 3 * size


@sizes(1, 50, 100)
def test_future_exception(size):
    def fail():
        Counter().add(size)
        raise KeyError(size)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(fail)
        assert isinstance(future.exception(timeout=5), KeyError)
        with pytest.raises(KeyError):
            future.result(timeout=5)


@pytest.mark.parametrize("until", [ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION])
@sizes(1, 10, 60, 100)
def test_wait_for_futures(until, size):
    counter = Counter()
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(counter.add, size) for _ in range(3)]
        done, _ = wait(futures, timeout=10, return_when=until)
        assert len(done) == 3 if until != FIRST_COMPLETED else done


@sizes(1, 10, 60, 100)
def test_wait_for_futures_in_slices(size):
    counter = Counter()
    with ThreadPoolExecutor(2) as pool:
        left = {pool.submit(counter.add, size) for _ in range(4)}
        while left:
            _, left = wait(left, timeout=0.05)
    assert counter.value == 4 * size


@sizes(1, 10, 60, 100)
def test_as_completed(size):
    def square(number):
        Counter().add(size)
        return number * number

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(square, number) for number in range(4)]
        assert sorted(future.result() for future in as_completed(futures, timeout=30)) == [0, 1, 4, 9]


@sizes(1, 10, 60, 100)
def test_executor_map(size):
    def square(number):
        Counter().add(size)
        return number * number

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(square, range(5), timeout=30)) == [0, 1, 4, 9, 16]


@sizes(1, 10, 60, 100)
def test_thread_pool_fixture(thread_pool, size):
    counter = Counter()
    futures = [thread_pool.submit(counter.add, size) for _ in range(3)]
    assert [future.result(timeout=10) for future in futures] == [None] * 3
    assert counter.value == 3 * size


@sizes(1, 60)
def test_future_whose_callback_sets_an_event(size):
    finished = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Counter().add, size).add_done_callback(lambda future: finished.set())
        assert finished.wait(5)


# -- locks, semaphores, barriers --


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock, threading.Semaphore, threading.BoundedSemaphore])
@sizes(*SMALL, 1_000, costs=2)
def test_acquire_while_the_holder_works(make, size):
    lock, held, counter = make(), threading.Event(), Counter()

    def holder():
        with lock:
            held.set()
            counter.add(size)

    threads = start(holder)
    assert held.wait(30)
    assert lock.acquire(timeout=5)
    lock.release()
    assert counter.value == size
    join(threads)


@sizes(1, 10, 60, 100)
def test_lock_tried_again_and_again(size):
    lock, counter, tries = threading.Lock(), Counter(), 0

    def holder():
        with lock:
            counter.add(size)

    threads = start(holder)
    while not lock.acquire(timeout=0.01):
        tries += 1
    lock.release()
    join(threads)


@sizes(1, 10, 60, 100)
def test_semaphore_for_two_of_five(size):
    semaphore, inside, most = threading.Semaphore(2), Counter(), []

    def worker():
        assert semaphore.acquire(timeout=30)
        inside.add()
        most.append(inside.value)
        Counter().add(size)
        with inside.lock:
            inside.value -= 1
        semaphore.release()

    join(start(*[worker] * 5))
    assert max(most) <= 2


@sizes(1, 10, 60, 100)
def test_two_locks_in_one_order(size):
    first, second, counter = threading.Lock(), threading.Lock(), Counter()

    def worker():
        assert first.acquire(timeout=20)
        assert second.acquire(timeout=20)
        counter.add(size)
        second.release()
        first.release()

    join(start(worker, worker, worker))
    assert counter.value == 3 * size


@sizes(*SMALL, 1_000, costs=2)
def test_barrier_with_unequal_work(size):
    meeting = threading.Barrier(3, timeout=10)

    def worker(rounds):
        Counter().add(rounds)
        meeting.wait()

    join(start(lambda: worker(0), lambda: worker(size), lambda: worker(2 * size)))
    assert not meeting.broken


@sizes(1, 10, 50)
def test_barrier_many_times(size):
    meeting, steps = threading.Barrier(3), [0, 0, 0]

    def worker(index):
        for step in range(size):
            steps[index] = step
            meeting.wait(timeout=10)
            assert steps == [step] * 3
            meeting.wait(timeout=10)

    join(start(*[lambda index=index: worker(index) for index in range(3)]))


@sizes(1, 10, 50, 100)
def test_barrier_fixture(barrier, run_concurrent, size):
    def worker():
        Counter().add(size)
        barrier.wait()

    run_concurrent(worker, workers=2)


@sizes(*SMALL, 1_000, costs=2)
def test_run_concurrent_with_a_timeout(run_concurrent, size):
    counter = Counter()
    run_concurrent(counter.add, size, workers=2, timeout=30)
    assert counter.value == 2 * size


@sizes(1, 10, 50, 100)
def test_run_concurrent_together_with_a_timeout(run_concurrent, size):
    items = queue.Queue(2)

    def produce():
        for number in range(size):
            items.put(number, timeout=10)

    def consume():
        return sum(items.get(timeout=10) for _ in range(size))

    assert run_concurrent.together(produce, consume, timeout=60)[1] == sum(range(size))


class ReadWriteLock:
    def __init__(self):
        self.condition, self.readers, self.writing = threading.Condition(), 0, False

    def begin_reading(self):
        with self.condition:
            assert self.condition.wait_for(lambda: not self.writing, timeout=30)
            self.readers += 1

    def end_reading(self):
        with self.condition:
            self.readers -= 1
            self.condition.notify_all()

    def begin_writing(self):
        with self.condition:
            assert self.condition.wait_for(lambda: not self.writing and not self.readers, timeout=30)
            self.writing = True

    def end_writing(self):
        with self.condition:
            self.writing = False
            self.condition.notify_all()


@sizes(1, 10, 50)
def test_read_write_lock(size):
    lock, pair = ReadWriteLock(), [0, 0]

    def write():
        for _ in range(size):
            lock.begin_writing()
            pair[0] += 1
            pair[1] += 1
            lock.end_writing()

    def read():
        for _ in range(size):
            lock.begin_reading()
            assert pair[0] == pair[1]
            lock.end_reading()

    join(start(write, read, read))


# -- threads that wait for threads --


@sizes(*SMALL, 1_000, costs=2)
def test_two_levels_of_joins(size):
    counter = Counter()

    def coordinator():
        workers = start(*[lambda: counter.add(size)] * 2)
        for worker in workers:
            worker.join(timeout=20)
            assert not worker.is_alive()

    threads = start(coordinator)
    threads[0].join(timeout=40)
    assert not threads[0].is_alive()
    assert counter.value == 2 * size


@sizes(1, 10, 60, 100)
def test_join_in_slices(size):
    counter = Counter()
    (thread,) = start(lambda: counter.add(size))
    while thread.is_alive():
        thread.join(0.1)
    assert counter.value == size


@pytest.mark.parametrize("threads", [10, 50, 100])
@concurrency(20)  # with 100 threads a schedule takes about 20 ms
def test_many_joins_with_timeouts(threads):
    counter = Counter()
    join(start(*[counter.add] * threads), timeout=10)
    assert counter.value == threads


@sizes(1, 10, 50)
def test_chain_of_events(size):
    events = [threading.Event() for _ in range(6)]

    def link(index):
        assert events[index].wait(10)
        Counter().add(size)
        events[index + 1].set()

    threads = start(*[lambda index=index: link(index) for index in reversed(range(5))])
    events[0].set()
    assert events[-1].wait(50)
    join(threads)


@sizes(1, 10, 60, 100)
def test_supervisor_that_starts_workers_again(size):
    failures, supervised = queue.SimpleQueue(), []

    def worker(number):
        Counter().add(size)
        failures.put(None if number == 2 else number)

    def supervise():
        number = 0
        while number is not None:
            supervised.extend(start(lambda number=len(supervised): worker(number)))
            number = failures.get(timeout=20)

    join(start(supervise))
    join(supervised)
    assert len(supervised) == 3
