"""Threads that function-scoped fixtures start, when they are set up or when they end."""

import http.server
import queue
import threading
import time
import unittest
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest


class Counter:
    value = 0

    def increment(self):
        value = self.value
        self.value = value + 1


@pytest.fixture
def consumer():
    items, got = queue.Queue(), []

    def run():
        while (item := items.get()) is not None:
            got.append(item)

    thread = threading.Thread(target=run)
    thread.start()
    yield items, got
    # It ends because the test puts None.
    thread.join()


@pytest.mark.concurrency
def test_consumer(consumer, run_concurrent):
    items, _ = consumer
    run_concurrent(lambda: items.put(1))
    items.put(None)


@pytest.mark.concurrency
def test_consumer_bad(consumer, run_concurrent):
    items, got = consumer
    run_concurrent(lambda: items.put(1))
    items.put(None)
    assert got == [1, 1]


@pytest.fixture
def beats():
    stop, beats = threading.Event(), []

    def run():
        while not stop.wait(0.1):
            beats.append(time.monotonic())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield beats
    stop.set()
    thread.join(timeout=5)
    assert not thread.is_alive()


@pytest.mark.concurrency
def test_beats(beats, run_concurrent):
    run_concurrent(lambda: time.sleep(0.55))
    assert len(beats) >= 4


@pytest.mark.thread_safety
def test_beats_of_workers(beats):
    time.sleep(0.3)


@pytest.fixture
def polling():
    stop, ended = [], []

    def run():
        while not stop:
            time.sleep(0.01)
        ended.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    yield ended
    stop.append(True)
    thread.join()
    assert ended


@pytest.mark.concurrency
def test_polling(polling, run_concurrent):
    run_concurrent(lambda: time.sleep(0.05))
    assert not polling


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.concurrency(schedules=3)
def test_server(server, run_concurrent):
    assert run_concurrent(lambda: urllib.request.urlopen(server, timeout=5).read()) == [b"ok", b"ok"]


@pytest.fixture
def flushed():
    counter = Counter()
    yield counter
    threads = [threading.Thread(target=counter.increment) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 2


@pytest.mark.concurrency
def test_end_of_a_fixture_bad(flushed):
    pass


@pytest.fixture
def counted():
    counter = Counter()
    threads = [threading.Thread(target=counter.increment) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if counter.value != 2:
        raise RuntimeError("set-up lost an update")
    return counter


@pytest.mark.concurrency
def test_set_up_bad(counted):
    assert counted.value == 2


@pytest.fixture
def fired():
    fired = threading.Event()
    timer = threading.Timer(0.5, fired.set)
    timer.start()
    yield fired
    timer.cancel()
    timer.join()


@pytest.mark.concurrency
def test_timer(fired, run_concurrent):
    assert run_concurrent(lambda: fired.wait(2)) == [True, True]


@pytest.fixture
def warm_pool():
    with ThreadPoolExecutor(2) as pool:
        pool.submit(lambda: None).result()
        yield pool


@pytest.mark.concurrency
def test_warm_pool(warm_pool):
    assert list(warm_pool.map(lambda number: number * 2, range(4))) == [0, 2, 4, 6]


@pytest.mark.concurrency
def test_warm_pool_bad(warm_pool):
    counter = Counter()
    for future in [warm_pool.submit(counter.increment) for _ in range(2)]:
        future.result()
    assert counter.value == 2


@pytest.fixture
def endless():
    items, got = queue.SimpleQueue(), []

    def run():
        while True:
            got.append(items.get())

    threading.Thread(target=run, daemon=True).start()
    return items, got


@pytest.mark.concurrency
def test_endless(endless, run_concurrent):
    items, got = endless
    run_concurrent(lambda: items.put(1))
    while len(got) < 2:
        time.sleep(0.01)


class TestSetUp:
    def setup_method(self):
        self.counter = Counter()
        self.thread = threading.Thread(target=self.counter.increment)
        self.thread.start()

    def teardown_method(self):
        self.thread.join()

    @pytest.mark.concurrency
    def test_method_bad(self):
        self.counter.increment()
        self.thread.join()
        assert self.counter.value == 2

    @pytest.mark.concurrency
    def test_method(self):
        self.thread.join()
        self.counter.increment()
        assert self.counter.value == 2


class TestUnittest(unittest.TestCase):
    def setUp(self):
        self.counter = Counter()
        self.thread = threading.Thread(target=self.counter.increment)
        self.thread.start()

    def tearDown(self):
        self.thread.join()

    @pytest.mark.concurrency
    def test_unittest_bad(self):
        self.counter.increment()
        self.thread.join()
        self.assertEqual(self.counter.value, 2)


@pytest.fixture
def unfinished():
    items = queue.Queue()
    threading.Thread(target=items.get, daemon=True).start()
    yield items
    # Nothing calls task_done.
    items.put(1)
    items.join()


@pytest.mark.concurrency(schedules=5)
def test_end_that_never_ends_bad(unfinished):
    pass
