"""Threads that wider fixtures start, or the program itself, once."""

import logging
import logging.handlers
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


class Counter:
    value = 0

    def increment(self):
        value = self.value
        self.value = value + 1


class Worker:
    def __init__(self, daemon=False):
        self.jobs = queue.Queue()
        self.thread = threading.Thread(target=self.run, daemon=daemon)
        self.thread.start()

    def run(self):
        while True:
            job = self.jobs.get()
            if job is None:
                return
            try:
                job()
            finally:
                self.jobs.task_done()

    def close(self):
        self.jobs.put(None)
        self.thread.join()


@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    yield worker
    worker.close()


@pytest.mark.concurrency
def test_worker(worker, run_concurrent):
    counter, lock = Counter(), threading.Lock()

    def increment():
        with lock:
            counter.increment()

    run_concurrent(lambda: worker.jobs.put(increment))
    worker.jobs.join()
    assert counter.value == 2


@pytest.mark.concurrency
def test_worker_bad(worker):
    counter = Counter()
    worker.jobs.put(counter.increment)
    counter.increment()
    worker.jobs.join()
    assert counter.value == 2


@pytest.mark.concurrency
def test_worker_after_a_failure(worker):
    done = threading.Event()
    worker.jobs.put(done.set)
    assert done.wait(5)


def test_worker_without_a_marker(worker):
    done = threading.Event()
    worker.jobs.put(done.set)
    assert done.wait(5)


@pytest.fixture(scope="module")
def beats():
    stop, beats = threading.Event(), []

    def run():
        while not stop.wait(0.1):
            beats.append(1)

    thread = threading.Thread(target=run, name="heartbeat")
    thread.start()
    yield beats
    stop.set()
    thread.join()


@pytest.mark.concurrency(schedules=20)
def test_beats(beats, run_concurrent):
    before = len(beats)
    run_concurrent(lambda: time.sleep(0.55))
    assert len(beats) - before >= 4


@pytest.fixture(scope="module")
def pool():
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: time.sleep(0.01), range(3)))
        yield pool


@pytest.mark.concurrency
def test_pool(pool):
    assert list(pool.map(lambda number: number * 2, range(4))) == [0, 2, 4, 6]


@pytest.mark.concurrency
def test_pool_bad(pool):
    counter = Counter()
    for future in [pool.submit(counter.increment) for _ in range(2)]:
        future.result()
    assert counter.value == 2


@pytest.mark.concurrency
def test_pool_after_a_failure(pool):
    assert pool.submit(lambda: 5).result(timeout=5) == 5


def test_pool_without_a_marker(pool):
    assert pool.submit(lambda: 5).result(timeout=5) == 5


@pytest.fixture(scope="module")
def listened():
    records, out = queue.Queue(), []

    class Handler(logging.Handler):
        def emit(self, record):
            out.append(record.getMessage())

    listener = logging.handlers.QueueListener(records, Handler())
    listener.start()
    logger, handler = logging.getLogger("listened"), logging.handlers.QueueHandler(records)
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield logger, records, out
    logger.removeHandler(handler)
    listener.stop()


@pytest.mark.concurrency(schedules=20)
def test_listener(listened, run_concurrent):
    logger, records, out = listened
    before = len(out)
    run_concurrent(lambda: logger.info("hello"))
    records.join()
    assert len(out) == before + 2


@pytest.fixture(scope="module")
def by_event():
    go, done, stop = threading.Event(), threading.Event(), []

    def run():
        while True:
            go.wait()
            go.clear()
            if stop:
                return
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    yield go, done
    stop.append(True)
    go.set()
    thread.join()


@pytest.mark.concurrency
def test_event(by_event):
    go, done = by_event
    done.clear()
    go.set()
    assert done.wait(3)


@pytest.fixture(scope="module")
def by_semaphore():
    asked, answered, stop = threading.Semaphore(0), threading.Semaphore(0), []

    def run():
        while True:
            asked.acquire()
            if stop:
                return
            answered.release()

    thread = threading.Thread(target=run)
    thread.start()
    yield asked, answered
    stop.append(True)
    asked.release()
    thread.join()


@pytest.mark.concurrency
def test_semaphore(by_semaphore, run_concurrent):
    asked, answered = by_semaphore
    run_concurrent(asked.release)
    answered.acquire()
    answered.acquire()


@pytest.fixture(scope="class")
def ending():
    worker = Worker(daemon=True)
    yield worker
    worker.jobs.put(None)


class TestThatEndsIt:
    @pytest.mark.concurrency(schedules=5)
    def test_end(self, ending):
        ending.jobs.put(None)
        ending.thread.join(5)
        assert not ending.thread.is_alive()

    @pytest.mark.concurrency(schedules=5)
    def test_after_the_end(self, ending, run_concurrent):
        run_concurrent(ending.thread.join)
        assert not ending.thread.is_alive()


@pytest.fixture(scope="class")
def broken():
    worker = Worker(daemon=True)
    yield worker
    worker.jobs.put(None)


class TestThatBreaksIt:
    # The heartbeat of another test never ends.
    @pytest.mark.concurrency(schedules=5, max_steps=2_000)
    def test_break_bad(self, broken):
        def fail():
            raise ValueError("boom")

        broken.jobs.put(fail)
        broken.jobs.join()


class OfTheProgram:
    """A worker that the first test to need it starts, and that never ends."""

    def __init__(self):
        self.jobs, self.lock, self.thread = queue.Queue(), threading.Lock(), None

    def submit(self, job):
        with self.lock:
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, daemon=True)
                self.thread.start()
        self.jobs.put(job)

    def run(self):
        while True:
            self.jobs.get()()
            self.jobs.task_done()


of_the_program = OfTheProgram()


@pytest.mark.concurrency(schedules=20)
def test_lazily_started(run_concurrent):
    done = []
    run_concurrent(lambda: of_the_program.submit(lambda: done.append(1)))
    of_the_program.jobs.join()
    assert done == [1, 1]


@pytest.mark.concurrency
def test_lazily_started_bad():
    counter = Counter()
    of_the_program.submit(counter.increment)
    counter.increment()
    of_the_program.jobs.join()
    assert counter.value == 2


def test_lazily_started_without_a_marker():
    done = threading.Event()
    of_the_program.submit(done.set)
    assert done.wait(5)
    assert of_the_program.thread.is_alive()
    of_the_program.thread.join(timeout=0.01)
    assert of_the_program.thread.is_alive()


@pytest.mark.concurrency
def test_that_has_nothing_to_do_with_them(run_concurrent):
    counter, lock = Counter(), threading.Lock()

    def increment():
        with lock:
            counter.increment()

    run_concurrent(increment)
    assert counter.value == 2
