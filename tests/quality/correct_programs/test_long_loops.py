"""Correct programs that take many steps: none of them is a livelock, and each ends in its time.

The longest ones, of 100,000 steps and more, get two schedules: the fault that they look for is in each of them.
"""

from __future__ import annotations

import functools
import itertools
import json
import queue
import random
import re
import threading
import time
from collections import Counter as Tally
from collections import OrderedDict, defaultdict, deque
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.thorough import some, thorough

from .sizes import Counter, concurrency, join, sizes, start

pytestmark = concurrency()


# -- shared state --


@sizes(100, 1_000, 10_000, 30_000)
def test_locked_increments_in_two_threads(size):
    counter = Counter()
    threads = start(*[lambda: counter.add(size)] * 2)
    for thread in threads:
        thread.join()
    assert counter.value == 2 * size


@sizes(100, 1_000, 10_000, 60_000)
def test_reads_of_a_shared_table_in_two_threads(size):
    table = {number: number * 2 for number in range(100)}

    def read():
        total = 0
        for number in range(size):
            total += table[number % 100]
        assert total >= 0

    join(start(read, read), timeout=600)


@sizes(100, 1_000, 10_000)
def test_reads_of_attributes_while_another_thread_counts(size):
    class Settings:
        limit, name = 10, "settings"

    settings, counter = Settings(), Counter()

    def read():
        for _ in range(size):
            assert settings.limit == 10
            assert settings.name == "settings"

    join(start(read, lambda: counter.add(100)), timeout=600)


@sizes(100, 1_000, 10_000)
def test_each_thread_fills_a_list_of_its_own(size):
    results = {}

    def fill(name):
        items = []
        for number in range(size):
            items.append(number)
        results[name] = items

    join(start(lambda: fill("a"), lambda: fill("b")), timeout=600)
    assert results["a"] == results["b"] == list(range(size))


@concurrency(2)
def test_list_of_60_000_in_a_thread():
    items = []

    def fill():
        for number in range(60_000):
            items.append(number)

    join(start(fill), timeout=600)
    assert len(items) == 60_000


@sizes(10, 100, 1_000)
def test_words_counted_in_chunks(size):
    words, lock, total = ["a", "b", "a", "c"] * size, threading.Lock(), Tally()

    def count(chunk):
        mine = defaultdict(int)
        for word in chunk:
            mine[word] += 1
        with lock:
            total.update(mine)

    join(start(lambda: count(words[::2]), lambda: count(words[1::2])), timeout=600)
    assert total == {"a": 2 * size, "b": size, "c": size}


@sizes(10, 100, 1_000, costs=5)
def test_compare_and_swap_until_it_succeeds(size):
    lock, value = threading.Lock(), 0

    def swap(old, new):
        nonlocal value
        with lock:
            if value != old:
                return False
            value = new
            return True

    def add():
        for _ in range(size):
            while True:
                seen = value
                if swap(seen, seen + 1):
                    break

    join(start(add, add), timeout=600)
    assert value == 2 * size


@sizes(10, 100, 1_000)
def test_reader_that_tries_again_when_a_writer_came_between(size):
    class Pair:
        version, left, right = 0, 0, 0

    def write():
        for number in range(1, size + 1):
            Pair.version += 1
            Pair.left = number
            Pair.right = number
            Pair.version += 1

    def read():
        for _ in range(10):
            while True:
                before = Pair.version
                if before % 2:
                    continue
                left, right = Pair.left, Pair.right
                if Pair.version == before:
                    break
            assert left == right

    Pair.version = Pair.left = Pair.right = 0
    join(start(write, read), timeout=600)


@sizes(10, 100, 500, costs=5)
def test_least_recently_used_under_a_lock(size):
    lock, cache = threading.Lock(), OrderedDict()

    def use(seed):
        numbers = random.Random(seed)
        for _ in range(size):
            key = numbers.randrange(20)
            with lock:
                cache[key] = cache.pop(key, key)
                if len(cache) > 10:
                    cache.popitem(last=False)
                assert len(cache) <= 10

    join(start(lambda: use(1), lambda: use(2)), timeout=600)


@sizes(10, 100, 500, costs=20)
def test_transfers_between_accounts(size):
    locks, balances = [threading.Lock() for _ in range(4)], [100] * 4

    def transfer(seed):
        numbers = random.Random(seed)
        for _ in range(size):
            source, target = numbers.sample(range(4), 2)
            with locks[min(source, target)], locks[max(source, target)]:
                amount = min(10, balances[source])
                balances[source] -= amount
                balances[target] += amount

    join(start(*[lambda seed=seed: transfer(seed) for seed in range(3)]), timeout=600)
    assert sum(balances) == 400
    assert min(balances) >= 0


# -- waiting without sleeping --


@sizes(10, 100, 1_000, 10_000)
def test_spinning_on_a_flag_that_is_set_after_much_work(size):
    ready, counter = False, Counter()

    def spin():
        while not ready:
            pass

    def work():
        nonlocal ready
        counter.add(size)
        ready = True

    join(start(spin, work), timeout=600)


@sizes(10, 100, 1_000)
def test_spinning_that_counts_its_rounds(size):
    ready, rounds, counter = False, 0, Counter()

    def spin():
        nonlocal rounds
        while not ready:
            rounds += 1

    def work():
        nonlocal ready
        counter.add(size)
        ready = True

    join(start(spin, work), timeout=600)


@sizes(10, 100, 1_000)
def test_spinning_on_an_event_after_private_work(size):
    ready = threading.Event()

    def work():
        assert sum(number * number for number in range(size)) >= 0
        ready.set()

    threads = start(work)
    while not ready.is_set():
        pass
    join(threads)


@sizes(1, 10, 50)
def test_taking_turns_by_a_variable(size):
    turn, played = 0, []

    def play(mine):
        nonlocal turn
        for _ in range(size):
            while turn != mine:
                pass
            played.append(mine)
            turn = 1 - mine

    join(start(lambda: play(0), lambda: play(1)), timeout=600)
    assert played == [0, 1] * size


@sizes(1, 10, 50, costs=20)
def test_barrier_by_spinning(size):
    lock, arrived = threading.Lock(), 0

    def meet():
        nonlocal arrived
        for step in range(1, size + 1):
            with lock:
                arrived += 1
            while arrived < 3 * step:
                pass

    join(start(meet, meet, meet), timeout=600)
    assert arrived == 3 * size


@sizes(1, 10, 100, costs=5)
def test_retries_until_the_third_one_succeeds(size):
    tries = Counter()

    def unreliable():
        with tries.lock:
            tries.value += 1
            if tries.value % 3:
                raise ConnectionError

    def call():
        for _ in range(size):
            while True:
                try:
                    unreliable()
                    break
                except ConnectionError:
                    continue

    join(start(call, call), timeout=600)
    assert tries.value == 6 * size


@sizes(1, 10, 50)
def test_philosophers_that_put_the_first_fork_back(size):
    forks, meals = [threading.Lock() for _ in range(3)], Counter()

    def philosopher(seat):
        numbers, left, right = random.Random(seat), forks[seat], forks[(seat + 1) % 3]
        eaten = 0
        while eaten < size:
            with left:
                if right.acquire(blocking=False):
                    meals.add()
                    eaten += 1
                    right.release()
            time.sleep(numbers.random() / 1_000)

    join(start(*[lambda seat=seat: philosopher(seat) for seat in range(3)]), timeout=600)
    assert meals.value == 3 * size


@sizes(1, 5, 10, 50, costs=150)
def test_try_lock_until_it_succeeds(size):
    lock, value = threading.Lock(), 0

    def add():
        nonlocal value
        for _ in range(size):
            while not lock.acquire(blocking=False):
                pass
            value += 1
            lock.release()

    join(start(add, add, add), timeout=600)
    assert value == 3 * size


@sizes(1, 10, 100)
def test_queue_polled_without_waiting(size):
    items, got = queue.Queue(), []

    def produce():
        for number in range(size):
            items.put(number)

    def consume():
        while len(got) < size:
            try:
                got.append(items.get_nowait())
            except queue.Empty:
                pass

    join(start(produce, consume), timeout=600)
    assert got == list(range(size))


# -- computation in a thread --


def squares():
    return sum(number * number for number in range(120_000))


def fibonacci(number=18):
    return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)


def sieve(limit=10_000):
    prime = [True] * limit
    for number in range(2, int(limit**0.5) + 1):
        if prime[number]:
            for multiple in range(number * number, limit, number):
                prime[multiple] = False
    return sum(prime[2:])


def matrices(size=20):
    left = [[row + column for column in range(size)] for row in range(size)]
    result = [[0] * size for _ in range(size)]
    for row in range(size):
        for column in range(size):
            for index in range(size):
                result[row][column] += left[row][index] * left[index][column]
    return result[1][2]


def bubble_sort(size=100):
    numbers = list(range(size, 0, -1))
    for end in range(size - 1, 0, -1):
        for index in range(end):
            if numbers[index] > numbers[index + 1]:
                numbers[index], numbers[index + 1] = numbers[index + 1], numbers[index]
    return numbers[0]


def quick_sort(numbers=None):
    if numbers is None:
        numbers = [number * 7919 % 1000 for number in range(1000)]
    if len(numbers) < 2:
        return numbers
    pivot, *rest = numbers
    return quick_sort([n for n in rest if n < pivot]) + [pivot] + quick_sort([n for n in rest if n >= pivot])


def edit_distance(first="interleaving" * 5, second="scheduling" * 5):
    row = list(range(len(second) + 1))
    for index, left in enumerate(first, 1):
        previous, row[0] = row[0], index
        for other, right in enumerate(second, 1):
            previous, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, previous + (left != right))
    return row[-1]


def queens(size=6):
    def place(row, columns, rising, falling):
        if row == size:
            return 1
        return sum(
            place(row + 1, columns | {column}, rising | {row + column}, falling | {row - column})
            for column in range(size)
            if column not in columns and row + column not in rising and row - column not in falling
        )

    return place(0, frozenset(), frozenset(), frozenset())


def collatz(limit=300):
    longest = 0
    for start_value in range(1, limit):
        number, steps = start_value, 0
        while number != 1:
            number = number // 2 if number % 2 == 0 else 3 * number + 1
            steps += 1
        longest = max(longest, steps)
    return longest


def mandelbrot(size=20):
    inside = 0
    for row in range(size):
        for column in range(size):
            z, c = 0j, complex(column * 3 / size - 2, row * 2 / size - 1)
            for _ in range(50):
                z = z * z + c
                if abs(z) > 2:
                    break
            else:
                inside += 1
    return inside


def parse_json():
    text = json.dumps([{"id": number, "tags": ["a", "b"], "size": number / 3} for number in range(500)])
    return len(json.loads(text))


def parse_by_regex():
    line = re.compile(r"(?P<host>\S+) - \[(?P<when>[^\]]+)\] (?P<code>\d+)")
    return sum(int(line.match(f"host{n} - [10/Oct/2025] {200 + n % 5}")["code"]) for n in range(2_000))


def tokenize():
    tokens, text, index = [], "let x = 12 + foo(3, y1) ; " * 60, 0
    while index < len(text):
        end = index + 1
        if text[index].isalnum():
            while end < len(text) and text[end].isalnum():
                end += 1
        if not text[index].isspace():
            tokens.append(text[index:end])
        index = end
    return len(tokens)


def chain_of_generators():
    def numbers():
        yield from range(5_000)

    def odd(source):
        for number in source:
            if number % 2:
                yield number

    return sum(number * 2 for number in odd(numbers()))


def cached_paths():
    @functools.lru_cache(None)
    def paths(row, column):
        return 1 if not row or not column else paths(row - 1, column) + paths(row, column - 1)

    return paths(40, 40)


def breadth_first():
    seen, waiting = {(0, 0)}, deque([(0, 0)])
    while waiting:
        row, column = waiting.popleft()
        for step in ((row + 1, column), (row, column + 1), (row - 1, column), (row, column - 1)):
            if 0 <= step[0] < 30 and 0 <= step[1] < 30 and step not in seen:
                seen.add(step)
                waiting.append(step)
    return len(seen)


def objects():
    class Point:
        def __init__(self, x, y):
            self.x, self.y = x, y

        def __add__(self, other):
            return Point(self.x + other.x, self.y + other.y)

    total = Point(0, 0)
    for number in range(3_000):
        total += Point(number, -number)
    return total.x + total.y == 0


def text_built_up():
    text = ""
    for number in range(5_000):
        text += str(number)
    return len(text)


def products():
    return sum(1 for a, b, c in itertools.product(range(25), repeat=3) if a * a + b * b == c * c)


COMPUTATIONS = [
    fibonacci,
    sieve,
    bubble_sort,
    edit_distance,
    queens,
    collatz,
    mandelbrot,
    parse_json,
    parse_by_regex,
    tokenize,
    chain_of_generators,
    cached_paths,
    text_built_up,
    squares,
    quick_sort,
    objects,
    products,
    matrices,
    breadth_first,
]
# The last ones take long.
computations = pytest.mark.parametrize("compute", some(COMPUTATIONS, 13), ids=lambda compute: compute.__name__)


@computations
@concurrency(2)
def test_computation_in_two_threads(compute):
    results = []
    join(start(lambda: results.append(compute()), lambda: results.append(compute())), timeout=600)
    assert results[0] == results[1]


@thorough
@computations
@concurrency(2)
def test_result_of_a_computation_in_a_pool(compute):
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(compute) for _ in range(2)]
        assert futures[0].result(timeout=600) == futures[1].result(timeout=600)


@computations
@concurrency(2)
def test_computation_in_the_test_while_a_thread_waits(compute):
    finished, seen = threading.Event(), []

    def wait():
        seen.append(finished.wait(600))

    threads = start(wait)
    compute()
    finished.set()
    join(threads)
    assert seen == [True]


# -- queues and pools --


@pytest.mark.parametrize("items", [100, pytest.param(2_000, marks=concurrency(3))])
def test_producer_and_consumer(items):
    channel, got = queue.Queue(10), []

    def produce():
        for number in range(items):
            channel.put(number)
        channel.put(None)

    def consume():
        while (item := channel.get()) is not None:
            got.append(item)

    join(start(produce, consume), timeout=600)
    assert got == list(range(items))


@pytest.mark.parametrize("threads", [10, 50, 100])
@concurrency(10)  # with 100 threads a schedule takes some tens of milliseconds
def test_many_threads_in_one_pool(threads):
    lock, names = threading.Lock(), []

    def work(number):
        with lock:
            names.append(number)
        return number * 2

    with ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(work, range(threads), timeout=600)) == [2 * number for number in range(threads)]
    assert sorted(names) == list(range(threads))


@concurrency(5)
def test_pool_of_8_with_500_tasks():
    counter = Counter()
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(counter.add) for _ in range(500)]
        for future in futures:
            future.result(timeout=600)
    assert counter.value == 500


@pytest.mark.parametrize("threads", [10, 50, 100])
@concurrency(10)
def test_many_threads_at_one_barrier(threads):
    barrier, before = threading.Barrier(threads, timeout=60), Counter()

    def work():
        before.add()
        barrier.wait()
        assert before.value == threads

    join(start(*[work] * threads), timeout=600)


@pytest.mark.parametrize("workers", [10, 50, 100])
@concurrency(10)
def test_run_concurrent_with_many_workers(run_concurrent, workers):
    counter = Counter()
    run_concurrent(counter.add, workers=workers, timeout=600)
    assert counter.value == workers


@sizes(10, 50, 100)
def test_divide_and_conquer(size):
    def total(numbers):
        if len(numbers) <= max(1, size // 4):
            return sum(numbers)
        middle, parts = len(numbers) // 2, []
        threads = start(lambda: parts.append(total(numbers[:middle])))
        rest = total(numbers[middle:])
        join(threads, timeout=600)
        return parts[0] + rest

    assert total(list(range(size))) == sum(range(size))


@sizes(10, 50, 100)
def test_work_stealing(size):
    deques, lock, done = [deque(range(size)), deque()], threading.Lock(), []

    def work(mine):
        while True:
            with lock:
                if deques[mine]:
                    job = deques[mine].popleft()
                elif deques[1 - mine]:
                    job = deques[1 - mine].pop()
                else:
                    return
            done.append(job)

    join(start(lambda: work(0), lambda: work(1)), timeout=600)
    assert sorted(done) == list(range(size))
