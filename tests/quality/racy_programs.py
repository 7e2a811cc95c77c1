"""Programs with one bug each, run by `test_finds.py` in a session of its own. The name says what is to be found.

`test_KIND_...` must fail with a finding of that kind: "race" stands for a failed assertion of the test's body.
"""

from __future__ import annotations

import functools
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Thread

import pytest

from tests.quality.sharing import Box, in_threads

SEEDS = [pytest.param(seed, marks=pytest.mark.concurrency(seed=seed)) for seed in range(20)]
concurrency = pytest.mark.concurrency(seed=3)


# -- the three that are measured, each with 20 seeds --


@pytest.mark.parametrize("seed", SEEDS)
def test_race_counter(seed):
    counter = Box()

    def increment():
        value = counter.value
        counter.value = value + 1

    in_threads(increment, increment)
    assert counter.value == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_deadlock_abba(seed):
    first, second = Lock(), Lock()

    def one():
        with first:
            with second:
                pass

    def other():
        with second:
            with first:
                pass

    in_threads(one, other)


@pytest.mark.parametrize("seed", SEEDS)
def test_race_three_ordered_preemptions(seed):
    a, b = Box(), Box()
    seen = []

    def write():
        a.value = 1
        b.value = 1
        a.value = 2

    def read():
        seen.append((a.value, b.value, b.value, a.value))

    in_threads(write, read)
    # Only if `write` is preempted after its first and after its second step, and `read` after its second.
    assert seen != [(1, 0, 1, 1)]


# -- one of each kind --

TOTAL = 0
INSTANCE = None


@concurrency
def test_race_global():
    global TOTAL
    TOTAL = 0

    def work():
        global TOTAL
        TOTAL += 1

    in_threads(work, work)
    assert TOTAL == 2


@concurrency
def test_race_nonlocal():
    total = 0

    def work():
        nonlocal total
        total += 1

    in_threads(work, work)
    assert total == 2


@concurrency
def test_race_item():
    totals = {"a": 0}

    def work():
        totals["a"] += 1

    in_threads(work, work)
    assert totals["a"] == 2


@concurrency
def test_race_singleton():
    global INSTANCE
    INSTANCE = None
    got = []

    def get():
        global INSTANCE
        if INSTANCE is None:
            INSTANCE = object()
        got.append(INSTANCE)

    in_threads(get, get)
    assert got[0] is got[1]


@concurrency
def test_race_check_then_act():
    made, known = [], {}

    def register():
        if "key" not in known:
            made.append(1)
            known["key"] = 1

    in_threads(register, register)
    assert made == [1]


@concurrency
def test_race_setattr():
    box = Box()

    def work():
        setattr(box, "value", getattr(box, "value") + 1)

    in_threads(work, work)
    assert box.value == 2


@concurrency
def test_race_wrong_locks():
    box, first, second = Box(), threading.RLock(), threading.RLock()

    def work(lock):
        with lock:
            box.value += 1

    in_threads(lambda: work(first), lambda: work(second))
    assert box.value == 2


@concurrency
def test_race_in_a_pool():
    box = Box()

    def work():
        box.value += 1

    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(work)
    assert box.value == 2


@concurrency
def test_race_between_timers():
    box = Box()

    def work():
        box.value += 1

    timers = [threading.Timer(1, work), threading.Timer(1, work)]
    for timer in timers:
        timer.start()
    for timer in timers:
        timer.join()
    assert box.value == 2


@pytest.fixture
def tickets():
    return {"next": 1, "given": []}


@pytest.mark.concurrency(seed=3, workers=2)
def test_race_of_the_body(tickets):
    ticket = tickets["next"]
    tickets["next"] = ticket + 1
    assert ticket not in tickets["given"]
    tickets["given"].append(ticket)


@concurrency
def test_exception_changed_while_iterating():
    numbers = dict.fromkeys(range(3))

    def read():
        for number in numbers:
            assert number >= 0

    def write():
        numbers[99] = 1

    in_threads(read, write)


@concurrency
def test_exception_closed_between_check_and_use():
    class Handler:
        def __init__(self):
            self.callback = list

        def close(self):
            self.callback = None

        def use(self):
            if self.callback is not None:
                self.callback()

    handler = Handler()
    in_threads(handler.use, handler.close)


@concurrency
def test_exception_of_a_queue_that_was_not_empty():
    jobs = queue.Queue()
    jobs.put(1)

    def work():
        if not jobs.empty():
            jobs.get(timeout=1)

    in_threads(work, work)


@concurrency
def test_deadlock_lost_wakeup():
    condition, box = threading.Condition(), Box()

    def wait():
        if not box.value:
            with condition:
                condition.wait()

    def tell():
        box.value = 1
        with condition:
            condition.notify()

    in_threads(wait, tell)


@concurrency
def test_deadlock_notify_reaches_one_of_two():
    condition, ready = threading.Condition(), []

    def wait():
        with condition:
            while not ready:
                condition.wait()

    def tell():
        with condition:
            ready.append(1)
            condition.notify()

    in_threads(wait, wait, tell)


@concurrency
def test_deadlock_event_never_set():
    in_threads(threading.Event().wait)


@concurrency
def test_deadlock_pool_starved_by_itself():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: pool.submit(int).result()).result()


@concurrency
def test_deadlock_barrier_one_short():
    barrier = threading.Barrier(3)
    in_threads(barrier.wait, barrier.wait)


@concurrency
def test_deadlock_lock_taken_twice():
    lock = Lock()
    lock.acquire()
    lock.acquire()


@concurrency
def test_deadlock_philosophers():
    forks = [Lock() for _ in range(3)]

    def eat(place):
        with forks[place]:
            with forks[(place + 1) % 3]:
                pass

    in_threads(*(functools.partial(eat, place) for place in range(3)))


@pytest.mark.concurrency(seed=3, max_steps=2000)
def test_livelock_flag_that_nobody_sets():
    box = Box()

    def spin():
        while not box.value:
            pass

    in_threads(spin, spin)


# -- a check that is no access by an instruction of its own, as the first thing that a thread does --


@concurrency
def test_exception_truth_then_pop(run_concurrent):
    items = [1]

    def take():
        if items:
            items.pop()

    run_concurrent(take)


PENDING = []


@concurrency
def test_exception_truth_of_a_global_then_pop(run_concurrent):
    PENDING[:] = [1]

    def take():
        if PENDING:
            PENDING.pop()

    run_concurrent(take)


@concurrency
def test_race_comparison_then_append(run_concurrent):
    items = []

    def add():
        if items == []:
            items.append(1)

    run_concurrent(add)
    assert len(items) == 1


@concurrency
def test_race_match_then_write(run_concurrent):
    state = {"is": "new", "taken": 0}

    def take():
        match state:
            case {"is": "new"}:
                state["is"] = "old"
                state["taken"] += 1

    run_concurrent(take)
    assert state["taken"] == 1


@concurrency
def test_race_cache_miss(run_concurrent):
    calls = []

    @functools.lru_cache
    def load(key):
        calls.append(key)
        return key

    run_concurrent(load, 1)
    assert calls == [1]


@concurrency
def test_race_truth_of_what_the_other_has_changed():
    active, stopping, backed_off = [], [], []

    def one():
        active.append(1)
        if not stopping:
            backed_off.append(1)

    def other():
        stopping.append(1)
        if not active:
            backed_off.append(2)

    in_threads(one, other)
    assert backed_off


@concurrency
def test_exception_iteration_by_enumerate(run_concurrent):
    subscribers = {1: int, 2: int}

    def publish():
        for number, _ in enumerate(subscribers):
            str(number)

    run_concurrent.together(publish, lambda: subscribers.update({3: int}))


@concurrency
def test_race_by_the_base_class(run_concurrent):
    class Counts(dict):
        def count(self):
            super().__setitem__("n", super().__getitem__("n") + 1)

    counts = Counts(n=0)
    run_concurrent(counts.count)
    assert counts["n"] == 2


@concurrency
def test_exception_closure_variable_that_comes_after_the_thread():
    def work():
        seen.append(value)

    seen = []
    thread = Thread(target=work)
    thread.start()
    value = 5
    thread.join()


class Connection:
    """Its callback is cleared from another place than a method, as by another file."""

    def __init__(self, callback):
        self.callback = callback

    def fire(self):
        if self.callback is not None:
            self.callback()


@concurrency
def test_exception_callback_cleared_after_the_check(run_concurrent):
    connection = Connection(lambda: None)
    run_concurrent.together(connection.fire, lambda: vars(connection).update(callback=None))
