"""Small programs, and a generator of more, that exhaustive search is checked on: each returns its result."""

from __future__ import annotations

import _thread
import queue
import random
import threading
import time
from collections.abc import Callable
from threading import Barrier, Condition, Event, Lock, RLock, Semaphore, Thread
from typing import Any


class State:
    def __init__(self) -> None:
        self.x = 0
        self.y = 0
        self.lock = Lock()
        self.other = RLock()
        self.event = Event()
        self.semaphore = Semaphore(1)
        self.two_places = Semaphore(2)
        self.condition = Condition()
        self.queue: Any = queue.SimpleQueue()
        self.items: list[int] = []
        self.table = {"a": 0}


def in_threads(*bodies: Callable[[], object]) -> None:
    threads = [Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def counter() -> Any:
    state = State()

    def work() -> None:
        state.x += 1

    in_threads(work, work)
    return state.x


def locked(threads: int = 2) -> Any:
    state = State()

    def work() -> None:
        with state.lock:
            state.x += 1

    in_threads(*[work] * threads)
    return state.x


def locked_by_three() -> Any:
    return locked(3)


def independent() -> Any:
    first, second = State(), State()

    def one() -> None:
        first.x += 1

    def two() -> None:
        second.x += 1

    in_threads(one, two)
    return first.x + second.x


def one_writes_one_reads() -> Any:
    state = State()
    seen = []

    def write() -> None:
        state.x = 1
        state.y = 1

    def read() -> None:
        seen.append((state.y, state.x))

    in_threads(write, read)
    return seen[0]


def opposite_locks() -> Any:
    first, second = Lock(), Lock()

    def one() -> None:
        with first, second:
            pass

    def two() -> None:
        with second, first:
            pass

    in_threads(one, two)


def philosophers(number: int = 3) -> Any:
    forks = [Lock() for _ in range(number)]

    def eat(left: Any, right: Any) -> None:
        with left, right:
            pass

    in_threads(*[lambda at=at: eat(forks[at], forks[(at + 1) % number]) for at in range(number)])


def event() -> Any:
    state = State()
    seen = []

    def tell() -> None:
        state.x = 1
        state.event.set()
        state.y = 1

    def listen() -> None:
        state.event.wait()
        seen.append((state.x, state.y))

    in_threads(tell, listen)
    return seen[0]


def try_lock() -> Any:
    state = State()

    def work() -> None:
        if state.lock.acquire(blocking=False):
            state.x += 1
            state.lock.release()
        else:
            state.y += 1

    in_threads(work, work)
    return state.x, state.y


def keys() -> Any:
    table = {"a": 0, "b": 0}

    def add(key: str) -> None:
        table[key] += 1

    in_threads(lambda: add("a"), lambda: add("b"))
    return tuple(table.values())


def child_of_a_child() -> Any:
    state = State()

    def inner() -> None:
        state.x += 1

    def outer() -> None:
        thread = Thread(target=inner)
        thread.start()
        state.x += 10
        thread.join()

    in_threads(outer)
    return state.x


def is_alive() -> Any:
    state = State()

    def work() -> None:
        state.x = 1

    thread = Thread(target=work)
    thread.start()
    seen = (thread.is_alive(), state.x)
    thread.join()
    return seen


def race_after_an_end() -> Any:
    """Only where the first thread has ended early does a race with the second one follow."""
    state = State()

    def short() -> None:
        state.y = 1

    def long() -> None:
        state.x += 1

    first, second = Thread(target=short), Thread(target=long)
    first.start()
    second.start()
    ended = not first.is_alive()
    if ended:
        state.x += 1
    first.join()
    second.join()
    return ended, state.x


def started_by_another() -> Any:
    state = State()
    late = Thread(target=state.items.append, args=(1,))

    def start() -> None:
        late.start()

    def look() -> None:
        state.x = int(late.is_alive())

    in_threads(start, look)
    late.join()
    return state.x


def count_of_threads() -> Any:
    state = State()

    def work() -> None:
        state.x += 1

    threads = [Thread(target=work), Thread(target=work)]
    for thread in threads:
        thread.start()
    seen = threading.active_count()
    for thread in threads:
        thread.join()
    return seen, state.x


def list_of_threads() -> Any:
    """One thread looks, while another one starts a third."""
    state = State()
    second = Thread(target=state.items.append, args=(1,), name="second")
    first = Thread(target=second.start)
    first.start()
    names = [thread.name for thread in threading.enumerate()]
    first.join()
    second.join()
    return "second" in names


def bare_threads() -> Any:
    """Without a `Thread` object."""
    state = State()
    before = _thread._count()
    done = Semaphore(0)

    def work() -> None:
        state.x += 1
        done.release()

    for _ in range(2):
        _thread.start_new_thread(work, ())
    seen = _thread._count() - before
    for _ in range(2):
        done.acquire()
    while _thread._count() > before:
        time.sleep(0.01)
    return seen, state.x


def barrier() -> Any:
    state = State()
    gate = Barrier(2)

    def work() -> None:
        gate.wait()
        state.x += 1

    in_threads(work, work)
    return state.x


def truth() -> Any:
    state = State()

    def put() -> None:
        state.items.append(1)

    def take() -> None:
        if state.items:
            state.items.pop()

    in_threads(put, take)
    return tuple(state.items)


class Default:
    value = 0


def class_default() -> Any:
    thing = Default()
    seen = []

    def write() -> None:
        thing.value = 1

    in_threads(write, lambda: seen.append(thing.value))
    return seen[0]


def class_attribute() -> Any:
    class Derived(Default):
        pass

    thing = Derived()
    seen = []

    def write() -> None:
        Derived.value = 1

    in_threads(write, lambda: seen.append(thing.value))
    return seen[0]


def through_a_view() -> Any:
    data = bytearray(1)
    view = memoryview(data)
    seen = []

    def write() -> None:
        view[0] = 1

    in_threads(write, lambda: seen.append(data[0]))
    return seen[0]


def queue_that_was_not_empty() -> Any:
    jobs: Any = queue.Queue()
    jobs.put(1)
    got = []

    def work() -> None:
        if not jobs.empty():
            try:
                got.append(jobs.get_nowait())
            except queue.Empty:
                got.append(None)

    in_threads(work, work)
    return str(got)


def two_at_the_same_time() -> Any:
    state = State()

    def work() -> None:
        with state.two_places:
            state.x += 1

    in_threads(work, work)
    return state.x


SMALL = [
    two_at_the_same_time,
    counter, locked, locked_by_three, independent, one_writes_one_reads, opposite_locks, event, try_lock, keys,
    child_of_a_child, is_alive, race_after_an_end, started_by_another, count_of_threads, list_of_threads, bare_threads,
    barrier, truth, class_default, class_attribute, through_a_view,
    queue_that_was_not_empty,
]  # fmt: skip

# -- generated programs: one to three of these in each thread --


def read_x(state: State, seen: list[object]) -> None:
    seen.append(state.x)


def write_x(state: State, seen: list[object]) -> None:
    state.x = 1


def add_x(state: State, seen: list[object]) -> None:
    state.x += 1


def write_y(state: State, seen: list[object]) -> None:
    state.y = 2


def read_y(state: State, seen: list[object]) -> None:
    seen.append(state.y)


def y_if_x(state: State, seen: list[object]) -> None:
    if state.x:
        state.y = 1


def lock(state: State, seen: list[object]) -> None:
    with state.lock:
        state.x = 3


def lock_both(state: State, seen: list[object]) -> None:
    with state.lock, state.other:
        state.y = 4


def lock_both_otherwise(state: State, seen: list[object]) -> None:
    with state.other, state.lock:
        state.y = 5


def lock_if_free(state: State, seen: list[object]) -> None:
    if state.lock.acquire(blocking=False):
        state.lock.release()
    else:
        seen.append("busy")


def set_event(state: State, seen: list[object]) -> None:
    state.event.set()


def clear_event(state: State, seen: list[object]) -> None:
    state.event.clear()


def ask_event(state: State, seen: list[object]) -> None:
    seen.append(state.event.is_set())


def wait_for_event(state: State, seen: list[object]) -> None:
    state.event.wait()
    seen.append(state.x)


def with_two_places(state: State, seen: list[object]) -> None:
    with state.two_places:
        state.x += 1


def take_a_place_if_any(state: State, seen: list[object]) -> None:
    if state.two_places.acquire(blocking=False):
        seen.append(state.x)
        state.two_places.release()


def with_semaphore(state: State, seen: list[object]) -> None:
    with state.semaphore:
        seen.append(state.y)


def append(state: State, seen: list[object]) -> None:
    state.items.append(1)


def pop_if_any(state: State, seen: list[object]) -> None:
    if state.items:
        state.items.pop()


def look_at_all(state: State, seen: list[object]) -> None:
    for item in state.items:
        seen.append(item)


def set_a(state: State, seen: list[object]) -> None:
    state.table["a"] = 1


def set_b(state: State, seen: list[object]) -> None:
    state.table["b"] = 1


def get_a(state: State, seen: list[object]) -> None:
    seen.append(state.table.get("a"))


def count_keys(state: State, seen: list[object]) -> None:
    seen.append(len(state.table))


def notify(state: State, seen: list[object]) -> None:
    with state.condition:
        state.condition.notify()


def wait_unless_y(state: State, seen: list[object]) -> None:
    with state.condition:
        if not state.y:
            state.condition.wait()


def put(state: State, seen: list[object]) -> None:
    state.queue.put(1)


def get(state: State, seen: list[object]) -> None:
    state.queue.get()


def get_if_any(state: State, seen: list[object]) -> None:
    try:
        seen.append(state.queue.get_nowait())
    except queue.Empty:
        seen.append(None)


ACTS = [
    read_x, write_x, add_x, write_y, read_y, y_if_x, lock, lock_both, lock_both_otherwise, lock_if_free, set_event,
    clear_event, ask_event, wait_for_event, with_semaphore, with_two_places, take_a_place_if_any, append, pop_if_any,
    look_at_all, set_a, set_b, get_a,
    count_keys, notify, wait_unless_y, put, get, get_if_any,
]  # fmt: skip


def one(state: State, seen: list[object], first: Any) -> None:
    first(state, seen)


def two(state: State, seen: list[object], first: Any, second: Any) -> None:
    first(state, seen)
    second(state, seen)


def generated(seed: int) -> Callable[[], Any]:
    """A program of two threads with one or two acts, or three threads with one."""
    draw = random.Random(seed)
    sizes = draw.choice([(1, 1), (1, 2), (2, 2), (1, 1, 1)])
    acts = [[draw.choice(ACTS) for _ in range(size)] for size in sizes]

    def program() -> Any:
        state = State()
        seen: list[list[object]] = [[] for _ in acts]
        threads = [
            Thread(target=(one, two)[len(mine) - 1], args=(state, seen[at], *mine)) for at, mine in enumerate(acts)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return str((state.x, state.y, state.items, state.table, seen))

    program.__name__ = " | ".join(", ".join(act.__name__ for act in mine) for mine in acts)
    return program
