"""Programs whose threads share a box, each in order by one kind of synchronization; and the same without it.

Not collected with the other tests: `test_races.py` runs it in a session of its own.
"""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Thread

import pytest

from tests.quality.sharing import Box, in_threads


def lock(box, ordered):
    guard = threading.Lock() if ordered else nullcontext()

    def work():
        with guard:
            box.value += 1

    in_threads(work, work)
    assert not ordered or box.value == 2


def lock_taken_if_free(box, ordered):
    guard = threading.Lock()

    def work():
        if guard.acquire(blocking=False) or not ordered:
            box.value += 1
            if ordered:
                guard.release()

    in_threads(work, work)


def lock_with_time_limit(box, ordered):
    guard = threading.Lock()

    def work():
        if guard.acquire(timeout=1) or not ordered:
            box.value += 1
            time.sleep(2)
            if ordered:
                guard.release()

    in_threads(work, work)


def rlock(box, ordered):
    guard = threading.RLock() if ordered else nullcontext()

    def work():
        with guard:
            with guard:
                pass
            box.value += 1

    in_threads(work, work)


def condition(box, ordered):
    changed = threading.Condition()
    ready = []

    def produce():
        box.value = 1
        with changed:
            ready.append(True)
            changed.notify_all()

    def consume():
        if ordered:
            with changed:
                changed.wait_for(lambda: ready)
        else:
            time.sleep(1)
        assert box.value == 1 or not ordered

    in_threads(consume, produce)


def condition_on_a_plain_lock(box, ordered):
    changed = threading.Condition(threading.Lock())

    def produce():
        for _ in range(2):
            with changed:
                box.value += 1
                changed.notify()

    def consume():
        with changed if ordered else nullcontext():
            while box.value < 2:
                if not ordered:
                    break
                changed.wait(1)

    in_threads(produce, consume)


def event(box, ordered):
    done = threading.Event()

    def produce():
        box.value = 1
        done.set()

    def consume():
        if ordered:
            done.wait()
        assert box.value == 1 or not ordered

    in_threads(consume, produce)


def event_asked(box, ordered):
    done = threading.Event()

    def produce():
        box.value = 1
        done.set()

    def consume():
        if done.is_set() or not ordered:
            assert box.value == 1 or not ordered

    in_threads(produce, consume)


def semaphore(box, ordered):
    guard = threading.Semaphore(1 if ordered else 2)
    results = []

    def work():
        with guard if ordered else nullcontext():
            box.value += 1
        results.append(box)

    in_threads(work, work)
    assert len(results) == 2


def bounded_semaphore_as_signal(box, ordered):
    signal = threading.BoundedSemaphore(1)
    signal.acquire()

    def produce():
        if ordered:
            box.value = 1
        signal.release()
        if not ordered:
            box.value = 1

    def consume():
        signal.acquire()
        assert box.value == 1 or not ordered

    in_threads(consume, produce)


def barrier(box, ordered):
    gate = threading.Barrier(2)

    def first():
        box.value = 1
        if ordered:
            gate.wait()

    def second():
        if ordered:
            gate.wait()
        box.value += 1

    in_threads(second, first)


def barrier_with_an_action(box, ordered):
    def act():
        if ordered:
            box.value = 1

    gate = threading.Barrier(2, act)
    seen = []

    def work():
        if gate.wait() == 0 and not ordered:
            box.value = 1
        seen.append(box.value)

    in_threads(work, work)
    assert not ordered or seen == [1, 1]


def barrier_in_rounds(box, ordered):
    gate = threading.Barrier(2)

    def work(turn):
        for count in range(4):
            if count % 2 == turn:
                box.value += 1
            if ordered:
                gate.wait()

    in_threads(lambda: work(0), lambda: work(1))


def handed_over(channel, box, ordered):
    def produce():
        if ordered:
            box.value = 1
        channel.put(box)
        if not ordered:
            box.value = 1

    def consume():
        assert channel.get().value == 1 or not ordered

    in_threads(consume, produce)


def queue_(box, ordered):
    handed_over(queue.Queue(), box, ordered)


def queue_of_tasks(box, ordered):
    channel = queue.Queue()
    channel.put(box)

    def work():
        channel.get().value = 1
        channel.task_done()

    thread = Thread(target=work)
    thread.start()
    if ordered:
        channel.join()
    assert box.value == 1 or not ordered
    thread.join()


def simple_queue(box, ordered):
    handed_over(queue.SimpleQueue(), box, ordered)


def future(box, ordered):
    def work():
        box.value += 1

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(work)
        if ordered:
            first.result()
        box.value += 1


def futures_one_after_the_other(box, ordered):
    def work():
        box.value += 1

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(work)
        if ordered:
            first.add_done_callback(lambda _: pool.submit(work))
        else:
            work()


def start(box, ordered):
    def work():
        assert box.value == 1 or not ordered

    thread = Thread(target=work)
    if ordered:
        box.value = 1
    thread.start()
    if not ordered:
        box.value = 1
    thread.join()


def join(box, ordered):
    def work():
        box.value += 1

    def work_then():
        if ordered:
            first.join()
        box.value += 1

    first = Thread(target=work)
    second = Thread(target=work_then)
    first.start()
    second.start()
    second.join()
    first.join()
    assert not ordered or box.value == 2


def end_seen(box, ordered):
    def work():
        box.value += 1

    thread = Thread(target=work)
    thread.start()
    while ordered and thread.is_alive():
        time.sleep(1)
    box.value += 1
    thread.join()


def chain_of_threads(box, ordered):
    def last():
        box.value += 1

    def middle():
        box.value += 1
        thread = Thread(target=last)
        thread.start()
        if not ordered:
            box.value += 1
        thread.join()

    timer = threading.Timer(1, middle)
    timer.start()
    timer.join()
    assert not ordered or box.value == 2


def flag_under_a_lock(box, ordered):
    guard = threading.Lock()
    state = {"ready": False}

    def produce():
        box.value = 1
        with guard:
            state["ready"] = True

    def consume():
        for _ in range(5):
            with guard:
                ready = state["ready"]
            if ready or not ordered:
                break
        if ready or not ordered:
            assert box.value == 1 or not ordered

    in_threads(produce, consume)


PROGRAMS = (
    lock, lock_taken_if_free, lock_with_time_limit, rlock, condition, condition_on_a_plain_lock, event, event_asked,
    semaphore, bounded_semaphore_as_signal, barrier, barrier_with_an_action, barrier_in_rounds, queue_,
    queue_of_tasks, simple_queue, future, futures_one_after_the_other, start, join, end_seen, chain_of_threads,
    flag_under_a_lock,
)  # fmt: skip
SEEDS = range(5)


def cases(ordered, everything):
    for program in PROGRAMS:
        for seed in (20,) if ordered else SEEDS:
            mark = pytest.mark.concurrency(
                schedules=200 if ordered else 5,
                seed=seed,
                races=everything,
                seconds=None,
                strategy="random" if ordered else "auto",
            )
            yield pytest.param(program, id=f"{program.__name__}-{seed}", marks=mark)


@pytest.mark.parametrize("program", list(cases(ordered=True, everything=True)))
def test_ordered_everything(program):
    program(Box(), True)


@pytest.mark.parametrize("program", list(cases(ordered=True, everything=False)))
def test_ordered_watched(program, race_detector):
    program(race_detector.watch(Box()), True)
    assert race_detector.races == []


@pytest.mark.parametrize("program", list(cases(ordered=False, everything=True)))
def test_removed_everything(program):
    program(Box(), False)


@pytest.mark.parametrize("program", list(cases(ordered=False, everything=False)))
def test_removed_watched(program, race_detector):
    program(race_detector.watch(Box()), False)
