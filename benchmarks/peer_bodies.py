"""The programs that `peers.py` measures: what is shared, and what each thread does to it.

None of them asserts anything while it runs. `done` says afterwards whether all the work was done, which the increments
without a lock may miss.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple


class Counter:
    """What the threads share."""

    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()


def increment(counter: Counter) -> None:
    """A lost update, if another thread runs between the two lines."""
    value = counter.value
    counter.value = value + 1


def locked_increments(counter: Counter) -> None:
    """Nothing to find: 200 increments, each under the lock."""
    for _ in range(200):
        with counter.lock:
            counter.value += 1


class Table:
    """A dictionary with its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: dict[str, int] = {}


def count_words(table: Table) -> None:
    """Twenty words, counted under the lock."""
    for (
        word
    ) in "the quick brown fox jumps over the lazy dog and the other fox runs over the hill with the hounds".split():
        with table.lock:
            table.counts[word] = table.counts.get(word, 0) + 1


class Line:
    """A small queue, and what was taken from it."""

    def __init__(self) -> None:
        self.queue: queue.Queue[int] = queue.Queue(maxsize=4)
        self.taken: list[int] = []


def produce(line: Line) -> None:
    """Ten numbers."""
    for number in range(10):
        line.queue.put(number)


def consume(line: Line) -> None:
    """Those of three producers."""
    for _ in range(30):
        line.taken.append(line.queue.get())


def run_pool(counter: Counter) -> None:
    """Twenty tasks in a pool of four threads."""

    def add(number: int) -> int:
        with counter.lock:
            counter.value += number
        return number * number

    with ThreadPoolExecutor(max_workers=4) as pool:
        futures = [pool.submit(add, number) for number in range(20)]
        for future in futures:
            future.result()


def run_racy_pool(counter: Counter) -> None:
    """Two tasks that increment it without the lock."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        for future in [pool.submit(increment, counter) for _ in range(2)]:
            future.result()


class Cache:
    """The least recently used entry goes first."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.entries: OrderedDict[int, int] = OrderedDict()
        self.misses = 0

    def get(self, key: int) -> int:
        """The square of `key`."""
        with self.lock:
            if key in self.entries:
                self.entries.move_to_end(key)
                return self.entries[key]
            self.misses += 1
            self.put(key, key * key)
            return self.entries[key]

    def put(self, key: int, value: int) -> None:
        """Keep four."""
        with self.lock:
            self.entries[key] = value
            if len(self.entries) > 4:
                self.entries.popitem(last=False)


def use_cache(cache: Cache) -> None:
    """Twelve look-ups of six keys."""
    for step in range(12):
        cache.get(step * 5 % 6)


class Accounts:
    """A counter for each thread, and their sum."""

    def __init__(self) -> None:
        self.own = threading.local()
        self.lock = threading.Lock()
        self.total = 0


def count_alone(accounts: Accounts) -> None:
    """Thirty steps in the thread's own variable, and one that is shared."""
    accounts.own.count = 0
    for _ in range(30):
        accounts.own.count += 1
    with accounts.lock:
        accounts.total += accounts.own.count


class Tally:
    """An object that each thread makes for itself."""

    def __init__(self) -> None:
        self.count = 0
        self.highest = 0

    def add(self, number: int) -> None:
        """Count a number."""
        self.count += 1
        self.highest = max(self.highest, number)


def tally(counter: Counter) -> None:
    """A hundred steps with an object of the thread's own, and one that is shared."""
    own = Tally()
    for number in range(100):
        own.add(number * 7 % 50)
    with counter.lock:
        counter.value += own.count


class Body(NamedTuple):
    """A program to be run over and over."""

    title: str
    make: Callable[[], Any]
    #: What each thread does with what was made.
    works: tuple[Callable[[Any], None], ...]
    #: Whether all was done.
    done: Callable[[Any], bool]
    #: Schedules of one measurement of this plugin, and executions of one without control.
    schedules: int
    uncontrolled: int
    #: The `max_ops` of frontrun's random strategy that covers the body: it warns where that is too small.
    max_ops: int = 20_000
    #: Schedules of one exploration of a peer.
    attempts: int = 20
    #: Whether exhaustive search soon has nothing left to run.
    small: bool = False
    #: Whether `done` can be false because the threads race.
    racy: bool = False
    #: A program with a race that only those find who have the threads of this one under control.
    twin: str = "counter-2"
    #: At least this many times the faster peer, and at most this many times slower than uncontrolled.
    peer_target: float = 10
    uncontrolled_target: float | None = None


BODIES = {
    "counter-2": Body(
        "2 threads, counter", Counter, (increment,) * 2, lambda made: made.value == 2, 6000, 6000,
        max_ops=50, attempts=50, small=True, racy=True, uncontrolled_target=2,
    ),
    "counter-10": Body(
        "10 threads, counter", Counter, (increment,) * 10, lambda made: made.value == 10, 1500, 1500,
        max_ops=250, attempts=50, racy=True, uncontrolled_target=3,
    ),
    "locked-200": Body(
        "2 threads, 200 locked increments", Counter, (locked_increments,) * 2, lambda made: made.value == 400,
        100, 2000, attempts=2,
    ),
    "dict": Body(
        "3 threads, dict under a lock", Table, (count_words,) * 3, lambda made: sum(made.counts.values()) == 60,
        300, 2000, attempts=5,
    ),
    "queue": Body(
        "queue with 3 producers", Line, (produce, produce, produce, consume), lambda made: len(made.taken) == 30,
        200, 1000, attempts=5,
    ),
    "pool": Body(
        "pool with 20 tasks", Counter, (run_pool,), lambda made: made.value == 190, 200, 1000, attempts=5,
        twin="pool-2",
    ),
    "lru": Body(
        "3 threads, LRU cache with RLock", Cache, (use_cache,) * 3, lambda made: len(made.entries) == 4,
        200, 2000, attempts=5,
    ),
    "local": Body(
        "3 threads, thread-local", Accounts, (count_alone,) * 3, lambda made: made.total == 90, 500, 2000, attempts=5
    ),
    "private": Body(
        "3 threads, private object", Counter, (tally,) * 3, lambda made: made.value == 300, 300, 2000, attempts=5
    ),
}  # fmt: skip

#: They are not measured.
TWINS = {
    "counter-2": BODIES["counter-2"],
    "pool-2": Body(
        "pool with 2 tasks", Counter, (run_racy_pool,), lambda made: made.value == 2, 200, 1000, attempts=200, racy=True
    ),
}
