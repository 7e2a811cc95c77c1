"""Correct programs that measure time, let timeouts expire, and keep schedules, leases and rates.

An upper bound on a measured time is a generous one: a second or more above what it takes.
"""

from __future__ import annotations

import calendar
import collections
import heapq
import itertools
import logging
import queue
import sched
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from datetime import UTC, datetime, timedelta

import pytest

from .sizes import Counter, concurrency, join, sizes, start

pytestmark = concurrency()

# How long something takes: real programs wait for seconds; hours are for the virtual clock only (see `plain`).
spans = pytest.mark.parametrize("span", [0.05, 1.5, pytest.param(7200, id="two hours")])


# -- timeouts that expire, and how long that took --


def event_that_is_not_set(span):
    assert not threading.Event().wait(span)


def lock_that_is_held(span):
    lock = threading.Lock()
    with lock:
        assert not lock.acquire(timeout=span)


def semaphore_that_is_taken(span):
    assert not threading.Semaphore(0).acquire(timeout=span)


def queue_that_is_empty(span):
    with pytest.raises(queue.Empty):
        queue.Queue().get(timeout=span)


def simple_queue_that_is_empty(span):
    with pytest.raises(queue.Empty):
        queue.SimpleQueue().get(timeout=span)


def queue_that_is_full(span):
    items = queue.Queue(1)
    items.put(1)
    with pytest.raises(queue.Full):
        items.put(2, timeout=span)


def condition_that_is_not_notified(span):
    condition = threading.Condition()
    with condition:
        assert not condition.wait(span)


def predicate_that_stays_false(span):
    condition = threading.Condition()
    with condition:
        assert not condition.wait_for(lambda: False, timeout=span)


def barrier_that_lacks_a_party(span):
    with pytest.raises(threading.BrokenBarrierError):
        threading.Barrier(2).wait(span)


def thread_that_does_not_end(span):
    end = threading.Event()
    (thread,) = start(end.wait)
    thread.join(span)
    assert thread.is_alive()
    end.set()
    join([thread])


def future_that_is_not_done(span):
    end = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(end.wait)
        with pytest.raises(TimeoutError):
            future.result(timeout=span)
        end.set()


def futures_that_are_not_done(span):
    end = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        futures = [pool.submit(end.wait)]
        assert wait(futures, timeout=span) == (set(), set(futures))
        end.set()


def results_that_do_not_come(span):
    end = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(end.wait)
        with pytest.raises(TimeoutError):
            list(as_completed([future], timeout=span))
        end.set()


def sleep(span):
    time.sleep(span)


WAITS = [
    event_that_is_not_set,
    lock_that_is_held,
    semaphore_that_is_taken,
    queue_that_is_empty,
    simple_queue_that_is_empty,
    queue_that_is_full,
    condition_that_is_not_notified,
    predicate_that_stays_false,
    barrier_that_lacks_a_party,
    thread_that_does_not_end,
    future_that_is_not_done,
    futures_that_are_not_done,
    results_that_do_not_come,
    sleep,
]
waits = pytest.mark.parametrize("wait_for", WAITS, ids=lambda wait_for: wait_for.__name__)


@waits
@spans
def test_elapsed_of_a_wait_that_expires(wait_for, span):
    def waiter():
        began = time.monotonic()
        wait_for(span)
        assert span - 0.001 <= time.monotonic() - began < span + 5

    join(start(waiter), timeout=span + 30)


@waits
def test_elapsed_of_a_wait_that_expires_while_others_work(wait_for):
    counter = Counter()

    def waiter():
        began = time.perf_counter()
        wait_for(0.2)
        assert 0.199 <= time.perf_counter() - began < 5

    join(start(waiter, lambda: counter.add(60), lambda: counter.add(60)))
    assert counter.value == 120


@spans
def test_two_waits_that_expire_at_once(span):
    def waiter():
        began = time.monotonic()
        assert not threading.Event().wait(span)
        assert span - 0.001 <= time.monotonic() - began < span + 5

    began = time.monotonic()
    join(start(waiter, waiter), timeout=span + 30)
    assert span - 0.001 <= time.monotonic() - began < span + 5


@sizes(1, 10, 50)
def test_sum_of_waits_that_expire(size):
    def waiter():
        began = time.monotonic()
        for _ in range(size):
            assert not threading.Event().wait(0.01)
        assert time.monotonic() - began >= 0.0099 * size

    join(start(waiter, waiter))


@spans
def test_longer_wait_is_satisfied_while_a_shorter_one_expires(span):
    ready = threading.Event()

    def short():
        assert not threading.Event().wait(span)
        ready.set()

    threads = start(short)
    assert ready.wait(span + 30)
    join(threads)


@pytest.mark.parametrize("unit", [0.01, 0.1, pytest.param(600, id="hours in all")])
def test_backoff_loop(unit):
    def give_up_after_five():
        began, failures = time.monotonic(), 0
        for attempt in range(5):
            failures += 1
            time.sleep(unit * 2**attempt)
        assert failures == 5
        assert unit * 31 * 0.99 <= time.monotonic() - began < unit * 31 + 10

    join(start(give_up_after_five, give_up_after_five), timeout=unit * 31 + 30)


@sizes(1, 10, 60)
def test_backoff_until_the_service_is_up(size):
    up, counter = False, Counter()

    def service():
        nonlocal up
        counter.add(size)
        up = True

    def client():
        pause = 0.001
        while not up:
            time.sleep(pause)
            pause = min(2 * pause, 0.1)
        assert counter.value == size

    join(start(service, client, client))


# -- rates --


@sizes(2, 10, 20)
def test_rate_limiter_spaces_calls(size):
    lock, next_call, calls = threading.Lock(), time.monotonic(), []

    def call():
        nonlocal next_call
        with lock:
            mine, next_call = max(next_call, time.monotonic()), max(next_call, time.monotonic()) + 0.01
        time.sleep(max(0, mine - time.monotonic()))
        calls.append(time.monotonic())

    began = time.monotonic()
    join(start(*[call] * size))
    assert len(calls) == size
    assert max(calls) - began >= 0.0099 * (size - 1)


@sizes(1, 10, 50)
def test_token_bucket_never_gives_more_than_its_rate(size):
    lock, tokens, last, taken = threading.Lock(), 5.0, time.monotonic(), []
    began = last

    def take():
        nonlocal tokens, last
        for _ in range(size):
            with lock:
                now = time.monotonic()
                tokens, last = min(5.0, tokens + (now - last) * 100), now
                if tokens >= 1:
                    tokens -= 1
                    taken.append(now)
            time.sleep(0.001)

    join(start(take, take))
    assert taken
    assert len(taken) <= 5 + (time.monotonic() - began) * 100 + 1


@sizes(1, 10, 60, costs=10)
def test_sliding_window(size):
    lock, window = threading.Lock(), []

    def hit():
        for _ in range(size):
            with lock:
                now = time.monotonic()
                window[:] = [stamp for stamp in window if now - stamp < 60]
                window.append(now)
                assert window == sorted(window)

    join(start(hit, hit))
    assert len(window) == 2 * size


@sizes(1, 10, 60, 1_000)
def test_operations_per_second_are_finite(size):
    def work():
        began = time.perf_counter()
        for number in range(size):
            str(number)
        elapsed = time.perf_counter() - began
        assert 0 < size / elapsed < 1e12

    join(start(work, work))


@sizes(1, 10, 60, 1_000)
def test_latencies_add_up(size):
    latencies = []

    def call():
        for _ in range(size):
            began = time.perf_counter()
            sum(range(10))
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    join(start(call))
    assert all(latency > 0 for latency in latencies)
    assert sum(latencies) <= time.perf_counter() - began
    assert statistics.median(latencies) <= max(latencies)


def test_stopwatch_of_a_built_in_call():
    def work():
        began = time.perf_counter()
        total = sum(range(100_000))
        assert total / (time.perf_counter() - began) > 0

    join(start(work, work))


def test_cpu_time_does_not_go_back():
    def work():
        process, thread = time.process_time(), time.thread_time()
        sorted(range(1000), key=lambda number: -number)
        assert time.process_time() >= process
        assert time.thread_time() >= thread

    join(start(work, work))


# -- caches, leases, sessions --


class ExpiringCache:
    def __init__(self, lifetime, clock=time.monotonic):
        self.lock, self.lifetime, self.clock, self.entries = threading.Lock(), lifetime, clock, {}

    def get(self, key, make):
        with self.lock:
            value, until = self.entries.get(key, (None, 0))
            if value is None or self.clock() >= until:
                value = make()
                self.entries[key] = value, self.clock() + self.lifetime
            return value


@sizes(1, 10, 60, 100)
def test_cache_makes_a_value_once_within_a_minute(size):
    cache, made = ExpiringCache(60), []

    def read():
        for _ in range(size):
            assert cache.get("key", lambda: made.append(1) or "value") == "value"

    join(start(read, read))
    assert len(made) == 1


@spans
def test_cache_makes_a_value_again_after_its_time(span):
    cache, made = ExpiringCache(span), []

    def read():
        cache.get("key", lambda: made.append(1) or "value")
        time.sleep(span)
        cache.get("key", lambda: made.append(1) or "value")

    join(start(read), timeout=span + 30)
    assert len(made) == 2


@pytest.mark.parametrize("rounds", [3, pytest.param(300, id="two and a half hours")])
@concurrency(50)  # with 300 rounds a schedule has thousands of steps
def test_lease_that_heartbeats_renew(rounds):
    end = threading.Event()
    until, lapsed = time.monotonic() + 30, []

    def renew():
        nonlocal until
        while not end.wait(0.1 if rounds == 3 else 10):
            until = time.monotonic() + 30

    def check():
        for _ in range(rounds):
            time.sleep(0.1 if rounds == 3 else 30)
            if time.monotonic() > until:
                lapsed.append(1)

    threads = start(renew, check)
    threads[1].join(rounds * 30 + 60)
    end.set()
    join(threads)
    assert not lapsed


@sizes(1, 10, 60)
def test_session_that_is_used_does_not_expire(size):
    lock, sessions = threading.Lock(), {"ann": time.time()}

    def use():
        for _ in range(size):
            with lock:
                assert "ann" in sessions
                sessions["ann"] = time.time()

    def clean_up():
        for _ in range(5):
            with lock:
                for name, used in list(sessions.items()):
                    if time.time() - used > 1800:
                        del sessions[name]

    join(start(use, clean_up))
    assert sessions


@sizes(1, 10, 60)
def test_circuit_breaker_half_opens_after_its_time(size):
    lock, opened, states = threading.Lock(), time.monotonic(), []

    def call():
        for _ in range(size):
            with lock:
                states.append("open" if time.monotonic() - opened < 0.05 else "half-open")
            time.sleep(0.05 / size)

    join(start(call, call))
    time.sleep(0.05)
    assert time.monotonic() - opened >= 0.0999 - 0.001
    assert states == sorted(states, reverse=True)


# -- deadlines --


@pytest.mark.parametrize("span", [0.02, 0.5])
@concurrency(20)  # such a loop has thousands of steps
def test_work_until_a_deadline(span):
    def work():
        began = time.monotonic()
        deadline, rounds = began + span, 0
        while time.monotonic() < deadline:
            rounds += 1
        assert time.monotonic() - began >= span

    join(start(work, work))


@sizes(1, 10, 60, 100)
def test_poll_until_a_deadline_while_the_other_works(size):
    ready, counter = False, Counter()

    def poll():
        deadline = time.monotonic() + 60
        while not ready:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def worker():
        nonlocal ready
        counter.add(size)
        ready = True

    join(start(poll, worker), timeout=90)


@sizes(1, 10, 60, 100)
def test_time_that_is_left_is_passed_on(size):
    items, got = queue.Queue(), []

    def producer():
        for number in range(size):
            Counter().add(5)
            items.put(number)

    threads = start(producer)
    deadline = time.monotonic() + 60
    while len(got) < size:
        left = deadline - time.monotonic()
        assert left > 0
        got.append(items.get(timeout=left))
    join(threads)


@sizes(1, 10, 60)
def test_retry_until_a_deadline(size):
    lock, done = threading.Lock(), []

    def holder():
        with lock:
            Counter().add(size)

    def retry():
        deadline = time.monotonic() + 60
        while not lock.acquire(blocking=False):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        lock.release()
        done.append(1)

    join(start(holder, retry, retry), timeout=90)
    assert len(done) == 2


# -- threads in the background --


@sizes(1, 10, 60, 100)
def test_heartbeat_by_an_event_while_others_work(size):
    end, beats, counter = threading.Event(), [], Counter()

    def beat():
        while not end.wait(0.01):
            beats.append(time.monotonic())

    (heart,) = start(beat)
    join(start(lambda: counter.add(size), lambda: counter.add(size)))
    end.set()
    join([heart])
    assert counter.value == 2 * size
    assert beats == sorted(beats)


@sizes(1, 10, 60, 100)
def test_heartbeat_by_sleeps_while_others_work(size):
    alive, beats, counter = True, 0, Counter()

    def beat():
        nonlocal beats
        while alive:
            beats += 1
            time.sleep(0.01)

    (heart,) = start(beat)
    join(start(lambda: counter.add(size), lambda: counter.add(size)))
    alive = False
    join([heart])
    assert counter.value == 2 * size


@sizes(1, 10, 60, 100)
def test_heartbeat_of_a_daemon_that_is_never_joined(size):
    counter, beats = Counter(), []

    def beat():
        while True:
            beats.append(1)
            time.sleep(0.02)

    start(beat, daemon=True)
    join(start(lambda: counter.add(size), lambda: counter.add(size)))
    assert counter.value == 2 * size


@sizes(1, 10, 60, 100)
def test_watchdog_does_not_bark(size):
    done, alarms, counter = threading.Event(), [], Counter()

    def watch():
        if not done.wait(60):
            alarms.append("too slow")

    (watchdog,) = start(watch)
    counter.add(size)
    done.set()
    join([watchdog])
    assert not alarms


@sizes(1, 10, 60, 100)
def test_watchdog_by_a_timer(size):
    alarms, counter = [], Counter()
    watchdog = threading.Timer(60, alarms.append, ["too slow"])
    watchdog.start()
    join(start(lambda: counter.add(size)))
    watchdog.cancel()
    join([watchdog])
    assert not alarms


@sizes(1, 10, 60, 100)
def test_watchdog_that_looks_at_the_last_sign_of_life(size):
    end, seen, alarms = threading.Event(), time.monotonic(), []

    def watch():
        while not end.wait(0.05):
            if time.monotonic() - seen > 30:
                alarms.append(1)

    def work():
        nonlocal seen
        for _ in range(size):
            Counter().add(3)
            seen = time.monotonic()
        end.set()

    join(start(watch, work))
    assert not alarms


@spans
def test_watchdog_that_has_to_bark(span):
    done, alarms = threading.Event(), []

    def watch():
        if not done.wait(span):
            alarms.append("too slow")

    join(start(watch), timeout=span + 30)
    assert alarms


def test_timers_fire_no_earlier_than_they_should():
    fired, began, lock = {}, time.monotonic(), threading.Lock()

    def fire(delay):
        with lock:
            fired[delay] = time.monotonic() - began

    timers = [threading.Timer(delay, fire, [delay]) for delay in (0.3, 0.1, 0.2)]
    for timer in timers:
        timer.start()
    join(timers)
    assert len(fired) == 3
    assert all(delay - 0.001 <= elapsed for delay, elapsed in fired.items())


@pytest.mark.parametrize("number", [1, 5, 20])
def test_cancelled_timers_do_not_fire(number):
    fired = []
    timers = [threading.Timer(60, fired.append, [index]) for index in range(number)]
    for timer in timers:
        timer.start()
    for timer in timers:
        timer.cancel()
    join(timers)
    assert not fired


@sizes(1, 10, 60)
def test_timer_that_starts_itself_again(size):
    ticks, done = [], threading.Event()

    def tick():
        ticks.append(time.monotonic())
        if len(ticks) == size:
            done.set()
        else:
            threading.Timer(0.001, tick).start()

    threading.Timer(0.001, tick).start()
    assert done.wait(30)
    assert all(later - earlier >= 0.001 - 1e-4 for earlier, later in itertools.pairwise(ticks))


@sizes(1, 10, 60)
def test_sampler(size):
    end, samples, counter = threading.Event(), [], Counter()

    def sample():
        while not end.wait(0.005):
            samples.append((time.monotonic(), counter.value))

    (sampler,) = start(sample)
    counter.add(size)
    end.set()
    join([sampler])
    assert samples == sorted(samples)
    assert all(later[0] - earlier[0] >= 0.004 for earlier, later in itertools.pairwise(samples))


@sizes(1, 10, 60)
def test_stop_flag_that_is_an_attribute(size):
    class Worker(threading.Thread):
        stopped, rounds = False, 0

        def run(self):
            while not self.stopped:
                self.rounds += 1
                time.sleep(0.001)

    worker = Worker()
    worker.start()
    Counter().add(size)
    worker.stopped = True
    join([worker])


@sizes(1, 10, 60)
def test_flusher_by_size_or_time(size):
    items, flushed = queue.Queue(), []

    def flush():
        batch, deadline = [], time.monotonic() + 0.02
        while True:
            try:
                item = items.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                item = ...
            if item is not None and item is not ...:
                batch.append(item)
            if item is None or len(batch) == 8 or time.monotonic() >= deadline:
                flushed.extend(batch)
                batch, deadline = [], time.monotonic() + 0.02
            if item is None:
                return

    threads = start(flush)
    for number in range(size):
        items.put(number)
    items.put(None)
    join(threads)
    assert flushed == list(range(size))


# -- schedulers --


@pytest.mark.parametrize("unit", [0.01, 0.2, pytest.param(1800, id="hours in all")])
def test_sched_runs_in_order(unit):
    ran = []

    def run():
        scheduler, now = sched.scheduler(time.monotonic, time.sleep), time.monotonic()
        for delay in (3, 1, 2):
            scheduler.enterabs(now + unit * delay, 1, ran.append, [delay])
        scheduler.run()

    began = time.monotonic()
    join(start(run), timeout=3 * unit + 30)
    assert ran == [1, 2, 3]
    assert time.monotonic() - began >= 3 * unit * 0.99


class DelayQueue:
    def __init__(self):
        self.condition, self.heap, self.order = threading.Condition(), [], itertools.count()

    def put(self, item, delay):
        with self.condition:
            heapq.heappush(self.heap, (time.monotonic() + delay, next(self.order), item))
            self.condition.notify()

    def get(self):
        with self.condition:
            while True:
                now = time.monotonic()
                if self.heap and self.heap[0][0] <= now:
                    return now, heapq.heappop(self.heap)
                self.condition.wait(self.heap[0][0] - now if self.heap else None)


@sizes(1, 10, 50)
def test_delay_queue_gives_nothing_early(size):
    delayed, got = DelayQueue(), []

    def take():
        for _ in range(size):
            got.append(delayed.get())

    threads = start(take)
    for number in range(size):
        delayed.put(number, number % 3 * 0.01)
    join(threads)
    assert all(now >= due for now, (due, _, _) in got)
    assert sorted(item for _, (_, _, item) in got) == list(range(size))


def test_job_that_runs_each_hundredth_of_a_second():
    ran, end = [], threading.Event()

    def run():
        due = time.monotonic()
        for _ in range(10):
            due += 0.01
            end.wait(max(0, due - time.monotonic()))
            ran.append(time.monotonic() >= due - 0.001)

    join(start(run, run))
    assert ran == [True] * 20


# -- timestamps --


@sizes(1, 10, 60, 1_000)
def test_timestamps_taken_under_a_lock_are_in_order(size):
    lock, stamps = threading.Lock(), []

    def stamp():
        for _ in range(size):
            with lock:
                stamps.append(time.monotonic_ns())

    join(start(stamp, stamp))
    assert stamps == sorted(stamps)


@sizes(1, 10, 60)
def test_heap_of_times_with_a_counter_for_ties(size):
    lock, heap, order = threading.Lock(), [], itertools.count()

    def push():
        for _ in range(size):
            with lock:
                heapq.heappush(heap, (time.time(), next(order), object()))

    join(start(push, push))
    numbers = [heapq.heappop(heap)[1] for _ in range(2 * size)]
    assert numbers == list(range(2 * size))


@sizes(1, 10, 60)
def test_heap_of_times_in_nanoseconds_without_ties(size):
    lock, heap = threading.Lock(), []

    def push():
        for _ in range(size):
            with lock:
                heapq.heappush(heap, (time.perf_counter_ns(), object()))

    join(start(push, push))
    assert len(heap) == 2 * size


@sizes(1, 10, 60)
def test_times_as_keys(size):
    lock, log = threading.Lock(), {}

    def write():
        for number in range(size):
            with lock:
                log[time.perf_counter_ns()] = number

    join(start(write, write))
    assert len(log) == 2 * size


@pytest.mark.parametrize("clock", [time.monotonic, time.time, time.perf_counter, time.monotonic_ns, datetime.now])
def test_no_clock_goes_back_from_thread_to_thread(clock):
    seen = queue.Queue()

    def read():
        for _ in range(10):
            seen.put(max(seen.get(timeout=30), clock()))

    before = clock()
    seen.put(before)
    join(start(read, read))
    assert before <= seen.get() <= clock()


def test_clocks_of_day_agree():
    def look():
        first = time.time()
        now, aware = datetime.now(), datetime.now(UTC)
        last = time.time()
        assert first - 0.001 <= now.timestamp() <= last + 0.001
        assert first - 0.001 <= aware.timestamp() <= last + 0.001
        assert int(first) <= calendar.timegm(time.gmtime()) <= time.time()
        assert int(first) <= time.mktime(time.localtime()) <= time.time()
        assert int(first) <= int(time.strftime("%s")) <= time.time()

    join(start(look, look))


@spans
def test_clocks_agree_after_a_sleep(span):
    def look():
        before = time.monotonic(), time.time(), time.perf_counter(), datetime.now().timestamp()
        raw = time.clock_gettime(time.CLOCK_MONOTONIC)
        time.sleep(span)
        after = time.monotonic(), time.time(), time.perf_counter(), datetime.now().timestamp()
        assert all(span - 0.01 <= late - early < span + 5 for early, late in zip(before, after, strict=True))
        assert time.clock_gettime(time.CLOCK_MONOTONIC) - raw >= span - 0.01

    join(start(look, look), timeout=span + 30)


def test_differences_of_datetimes():
    def look():
        began = datetime.now()
        time.sleep(0.05)
        assert timedelta(seconds=0.049) <= datetime.now() - began < timedelta(seconds=5)

    join(start(look, look))


@pytest.mark.parametrize("records", [1, 10, 50])
def test_times_of_log_records(caplog, records):
    log, lock, before = logging.getLogger("clocks"), threading.Lock(), time.time()

    def write():
        for number in range(records):
            with lock:
                log.warning("%d", number)

    join(start(write, write))
    created = [record.created for record in caplog.records]
    assert len(created) == 2 * records
    assert created == sorted(created)
    assert before - 1e-6 <= created[0]
    assert created[-1] <= time.time() + 1e-6


@sizes(1, 10, 60)
def test_age_of_what_is_in_a_queue(size):
    items, ages = queue.Queue(5), []

    def produce():
        for _ in range(size):
            items.put(time.monotonic(), timeout=30)

    def consume():
        for _ in range(size):
            made = items.get(timeout=30)
            ages.append(time.monotonic() - made)

    join(start(produce, consume))
    assert all(0 <= age < 30 for age in ages)


@sizes(2, 5, 20, costs=25)
def test_so_many_calls_at_most_in_any_two_seconds(size):
    lock, calls, made = threading.Lock(), collections.deque(), []

    def call():
        while True:
            with lock:
                now = time.monotonic()
                while calls and now - calls[0] >= 2:
                    calls.popleft()
                if len(calls) < 2:
                    calls.append(now)
                    made.append(now)
                    return
            time.sleep(0.2)

    def work():
        for _ in range(size):
            call()

    join(start(work, work), timeout=30 + 2 * size)
    assert all(third - first >= 2 for first, third in zip(made, made[2:], strict=False))


@sizes(1, 10, 60)
def test_debounced_call_is_made_once(size):
    calls, timer = [], None
    for number in range(size):
        if timer is not None:
            timer.cancel()
            join([timer])
        timer = threading.Timer(10 if number < size - 1 else 0.01, calls.append, [number])
        timer.start()
    join([timer])
    assert calls == [size - 1]
