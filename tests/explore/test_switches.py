"""Each schedule can be said in switches, and followed by them step by step."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Condition, Event, Lock, RLock, Semaphore, Thread, Timer

import pytest

from pytest_interleave.explore import Follow, RandomWalk, Recorded, make_strategy
from pytest_interleave.trace import first_difference
from tests.detailing import Laboratory

from .programs import SMALL, State, generated, in_threads


def condition_with_timeouts():
    condition, state = Condition(), State()

    def consume():
        with condition:
            if not condition.wait_for(lambda: state.x > 1, timeout=2):
                state.y += 1
            condition.wait(0.1)

    def produce():
        with condition:
            state.x += 1
            condition.notify()

    in_threads(consume, consume, produce, produce)


def queues():
    jobs, done = queue.Queue(2), queue.SimpleQueue()

    def work():
        while (job := jobs.get()) is not None:
            done.put(job)
            jobs.task_done()

    def feed():
        for job in range(3):
            jobs.put(job)
        jobs.put(None)
        jobs.put(None)

    in_threads(work, work, feed)


def pool_in_a_pool():
    state = State()

    def add(number):
        state.x += number
        return state.x

    def outer(number):
        with ThreadPoolExecutor(2) as inner:
            return sum(inner.map(add, range(number)))

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(outer, number) for number in (1, 2, 3)]:
            future.result()


def children_of_children():
    state = State()

    def grow(depth):
        state.x += 1
        if depth:
            children = [Thread(target=grow, args=(depth - 1,)) for _ in range(2)]
            for child in children:
                child.start()
            for child in children:
                child.join()

    grow(2)


def spinning():
    state = State()

    def spin():
        while not state.x:
            pass
        state.y += 1

    def tell():
        state.items.append(1)
        state.x = 1

    in_threads(spin, spin, tell)


def spinning_with_a_lock():
    state = State()

    def spin():
        while True:
            with state.lock:
                if state.x:
                    return

    def tell():
        with state.lock:
            state.x = 1

    in_threads(spin, tell, spin)


def changing_for_long():
    """The scheduler itself makes these give way, in the midst of what the strategy wants."""
    state = State()

    def work():
        for number in range(400):
            state.x = number

    in_threads(work, work)


def sleeping():
    state = State()

    def work(seconds):
        time.sleep(seconds)
        state.x += 1
        time.sleep(0)
        state.y += 1

    in_threads(*(lambda seconds=seconds: work(seconds) for seconds in (1, 0, 1, 3600)))


def watching_the_clock():
    state = State()

    def wait():
        end = time.monotonic() + 5
        while time.monotonic() < end and not state.x:
            pass

    def tell():
        state.y += 1
        state.x = 1

    in_threads(wait, wait, tell)


def timers_and_events():
    ready, state = Event(), State()
    timers = [Timer(1, ready.set), Timer(1, lambda: state.items.append(1))]
    for timer in timers:
        timer.start()

    def wait():
        if ready.wait(0.5):
            state.x += 1
        ready.wait()

    in_threads(wait, wait)
    for timer in timers:
        timer.join()


def polling_locks():
    state = State()

    def attempt():
        for _ in range(2):
            if state.lock.acquire(timeout=0.1):
                state.x += 1
                state.lock.release()
            elif state.lock.acquire(blocking=False):
                state.lock.release()

    in_threads(attempt, attempt, attempt)


def daemons():
    state = State()

    def beat():
        while True:
            time.sleep(1)
            state.x += 1

    Thread(target=beat, daemon=True).start()
    Thread(target=beat, daemon=True, name="Thread-1 (beat)").start()
    time.sleep(2.5)
    state.y += 1


def exceptions_in_locks():
    state, outer = State(), RLock()

    def work():
        try:
            with outer, state.lock:
                state.x += 1
                if state.x % 2:
                    raise KeyError(state.x)
        except KeyError:
            state.y += 1
        finally:
            state.x += 1

    in_threads(work, work, work)


def generators():
    state = State()
    lock = Lock()

    def numbers():
        while state.x < 4:
            state.x += 1
            yield state.x

    def locked(iterator):
        while True:
            with lock:
                number = next(iterator, None)
            if number is None:
                return
            yield number

    def take(iterator):
        state.items.extend(number for number in locked(iterator))

    shared = numbers()
    in_threads(lambda: take(shared), lambda: take(shared))


def recursion():
    state, lock = State(), RLock()

    def down(depth):
        with lock:
            state.x += 1
            if depth:
                down(depth - 1)
        state.y += 1

    in_threads(lambda: down(3), lambda: down(2))


def lambdas_on_one_line():
    state = State()
    in_threads(lambda: state.items.append(state.x), lambda: setattr(state, "x", state.x + 1), lambda: state.items.pop() if state.items else None)  # fmt: skip  # noqa: E501


def two_identical_lines():
    state = State()

    def work():
        state.x += 1
        state.x += 1
        if state.x > 2:
            state.x += 1

    in_threads(work, work)


def comprehensions_and_long_statements():
    state = State()

    def work():
        state.table.update(
            {
                str(number): [
                    state.x
                    for _ in range(2)
                ]
                for number in range(2)
            }
        )  # fmt: skip
        state.x = (
            state.x
            + state.y
            + 1
        )  # fmt: skip
        return {key: value for key, value in list(state.table.items())}

    in_threads(work, work)


WITHOUT_SOURCE: dict = {}
exec(
    compile("def add(state):\n    state.x += 1\n    state.x += 1\n", "no such file.py", "exec"),
    WITHOUT_SOURCE,
)


def without_source():
    state = State()

    def work():
        state.y += 1
        WITHOUT_SOURCE["add"](state)

    in_threads(work, work)


def twice(function):
    def both(*arguments):
        function(*arguments)
        function(*arguments)

    return both


def decorated():
    state = State()

    @twice
    def work(state):
        state.x += 1

    in_threads(lambda: work(state), lambda: work(state))


def same_names():
    state = State()

    def work():
        threading.current_thread().name = "one"
        state.x += 1

    threads = [Thread(target=work, name="one") for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def größen():
    Σ = State()

    def zähle():
        Σ.x += 1  # “über”
        Σ.table["ключ"] = Σ.table.get("ключ", 0) + 1

    in_threads(zähle, zähle)


def barriers_and_semaphores():
    state, gate, few = State(), Barrier(2), Semaphore(1)

    def work():
        for _ in range(2):
            gate.wait()
            with few:
                state.x += 1

    in_threads(work, work)


def opposite_locks_with_timeouts():
    state = State()

    def work(first, second):
        with first:
            if second.acquire(timeout=1):
                state.x += 1
                second.release()

    in_threads(lambda: work(state.lock, state.other), lambda: work(state.other, state.lock))


def deadlock():
    state = State()

    def work(first, second):
        with first, second:
            state.x += 1

    in_threads(lambda: work(state.lock, state.other), lambda: work(state.other, state.lock))


def failing():
    state = State()

    def work():
        state.x += 1
        assert state.x < 2, "too many"

    in_threads(work, work, work)


NASTY = [
    condition_with_timeouts, queues, pool_in_a_pool, children_of_children, spinning, spinning_with_a_lock,
    changing_for_long, sleeping, watching_the_clock, timers_and_events, polling_locks, daemons, exceptions_in_locks,
    generators, recursion, lambdas_on_one_line, two_identical_lines, comprehensions_and_long_statements,
    without_source, decorated, same_names, größen, barriers_and_semaphores, opposite_locks_with_timeouts, deadlock,
    failing,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("body", [*NASTY, *SMALL], ids=lambda body: body.__name__)
def test_what_is_recorded_can_be_followed(body):
    with Laboratory() as laboratory:
        # What only the first execution does, because nothing is cached yet.
        laboratory.run(body, Follow(()))
        for seed in range(6):
            require_same(laboratory, body, RandomWalk(seed))


def require_same(laboratory, body, strategy):
    first = laboratory.run(body, strategy)
    follow = Follow(first.switches)
    second = laboratory.run(body, follow)
    assert first_difference(first.outcome.log, second.outcome.log) is None
    assert second.switches == first.switches
    assert second.recorded.points == first.recorded.points
    assert second.outcome.choices == first.outcome.choices
    assert follow.reached == set(first.switches)
    assert follow.unknown(set()) == []
    assert first.identity == second.identity
    return first
