"""Programs about limits in time. Those named `bad` fail if a thread is held up for long enough, the others never."""

from __future__ import annotations

import datetime
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as GaveUp

import pytest

pytestmark = pytest.mark.concurrency(timeouts="explore")


class Lease:
    def __init__(self, seconds, clock):
        self.lock, self.until, self.token = threading.Lock(), 0.0, 0
        self.seconds, self.clock = seconds, clock

    def take(self):
        with self.lock:
            if self.clock() < self.until:
                return None
            self.until = self.clock() + self.seconds
            self.token += 1
            return self.token


class Store:
    def __init__(self):
        self.lock, self.value, self.token = threading.Lock(), 0, 0

    def write(self, value, token):
        with self.lock:
            if token < self.token:
                return False
            self.value, self.token = value, token
            return True


@pytest.mark.parametrize("clock", [time.monotonic, time.time, time.perf_counter], ids=lambda clock: clock.__name__)
@pytest.mark.parametrize("seconds", [0.05, 10, 3000])
def test_lease_bad(run_concurrent, seconds, clock):
    lease, account = Lease(seconds, clock), {"total": 0}

    def add():
        while lease.take() is None:
            time.sleep(seconds)
        total = account["total"]
        account["total"] = total + 1

    run_concurrent(add)
    assert account["total"] == 2


def test_lease_with_a_token(run_concurrent):
    lease, store, written = Lease(10, time.monotonic), Store(), []

    def write():
        token = lease.take()
        if token is not None and store.write(token * 10, token):
            written.append(token)

    run_concurrent(write)
    assert store.value == 10 * max(written)


class Counter:
    def __init__(self):
        self.lock, self.value = threading.Lock(), 0

    def add_anyhow(self):
        got = self.lock.acquire(timeout=1)
        self.value += 1
        if got:
            self.lock.release()

    def add(self):
        while not self.lock.acquire(timeout=1):
            pass
        self.value += 1
        self.lock.release()


def test_goes_on_without_the_lock_bad(run_concurrent):
    counter = Counter()
    run_concurrent(counter.add_anyhow)
    assert counter.value == 2


def test_tries_for_the_lock_again(run_concurrent):
    counter = Counter()
    run_concurrent(counter.add)
    assert counter.value == 2


class Cache:
    def __init__(self, seconds):
        self.entries, self.seconds, self.loads = {}, seconds, 0

    def put(self):
        self.loads += 1
        self.entries["key"] = ("value", datetime.datetime.now() + datetime.timedelta(seconds=self.seconds))

    def is_fresh(self):
        return "key" in self.entries and self.entries["key"][1] > datetime.datetime.now()

    def drop_stale(self):
        if not self.is_fresh():
            self.entries.pop("key", None)


@pytest.mark.parametrize("seconds", [0.5, 60, 86_400])
def test_cache_expires_between_check_and_use_bad(run_concurrent, seconds):
    cache = Cache(seconds)
    cache.put()

    def read():
        if cache.is_fresh():
            return cache.entries["key"][0]
        return "value"

    assert run_concurrent.together(read, cache.drop_stale)[0] == "value"


def test_cache_is_read_once(run_concurrent):
    cache = Cache(60)
    cache.put()

    def read():
        entry = cache.entries.get("key")
        return "value" if entry is None else entry[0]

    assert run_concurrent.together(read, cache.drop_stale)[0] == "value"


def produce(items, numbers):
    for number in range(numbers):
        items.put(number)
    items.put(None)


def consume(numbers, *, ends_when_empty):
    items, got = queue.Queue(), []
    thread = threading.Thread(target=produce, args=(items, numbers))
    thread.start()
    while True:
        try:
            item = items.get(timeout=2)
        except queue.Empty:
            if ends_when_empty:
                break
            continue
        if item is None:
            break
        got.append(item)
    thread.join()
    return got


@pytest.mark.parametrize("numbers", [1, 20])
def test_empty_is_taken_for_the_end_bad(numbers):
    assert consume(numbers, ends_when_empty=True) == list(range(numbers))


@pytest.mark.parametrize("numbers", [1, 20])
def test_empty_is_not_the_end(numbers):
    assert consume(numbers, ends_when_empty=False) == list(range(numbers))


def test_event_is_not_looked_at_bad():
    ready, state = threading.Event(), {}

    def start():
        state["port"] = 80
        ready.set()

    thread = threading.Thread(target=start)
    thread.start()
    ready.wait(5)
    port = state.get("port")
    thread.join()
    assert port == 80


def test_event_is_waited_for_again():
    ready, state = threading.Event(), {}

    def start():
        state["port"] = 80
        ready.set()

    thread = threading.Thread(target=start)
    thread.start()
    while not ready.wait(5):
        pass
    assert state["port"] == 80
    thread.join()


def charge(calls, attempts):
    with ThreadPoolExecutor(max_workers=2) as pool:
        for _ in range(attempts):
            future: Future[None] = pool.submit(calls.append, 1)
            try:
                return future.result(timeout=3)
            except GaveUp:
                if future.cancel():
                    continue
                if attempts == 1:
                    return future.result()
    return None


def test_retries_what_goes_on_bad():
    calls = []
    charge(calls, 2)
    assert len(calls) == 1


def test_waits_for_what_cannot_be_cancelled():
    calls = []
    charge(calls, 1)
    assert len(calls) <= 1


@pytest.mark.parametrize("rounds", [1, 50])
def test_join_gives_up_bad(rounds):
    done = []
    thread = threading.Thread(target=lambda: [done.append(number) for number in range(rounds)])
    thread.start()
    thread.join(timeout=30)
    assert len(done) == rounds


def test_join_gives_up_and_says_so():
    done = []
    thread = threading.Thread(target=lambda: done.append(1))
    thread.start()
    thread.join(timeout=30)
    if not thread.is_alive():
        assert done == [1]
    thread.join()


def test_heartbeat_bad(run_concurrent):
    last, stop, dead = [time.monotonic()], threading.Event(), []

    def beat():
        while not stop.wait(1):
            last[0] = time.monotonic()

    def watch():
        for _ in range(3):
            time.sleep(1)
            if time.monotonic() - last[0] > 3:
                dead.append(1)
        stop.set()

    run_concurrent.together(beat, watch)
    assert not dead


def test_sleeps_keep_threads_apart_bad(run_concurrent):
    counter = Counter()

    def add(seconds):
        time.sleep(seconds)
        value = counter.value
        counter.value = value + 1

    run_concurrent.each(add, [1, 2])
    assert counter.value == 2


def test_time_that_was_needed(run_concurrent):
    def work():
        began = time.perf_counter()
        time.sleep(0.5)
        return time.perf_counter() - began

    assert all(seconds >= 0.5 for seconds in run_concurrent(work))
