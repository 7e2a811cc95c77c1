
import threading
import pytest


class Counter:
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()


def increment(counter):
    value = counter.value
    counter.value = value + 1


def locked_increments(counter):
    for _ in range(200):
        with counter.lock:
            counter.value += 1


@pytest.fixture
def counter():
    return Counter()


@pytest.mark.concurrency(schedules=100, strategy='random', seconds=None, max_steps=1_000_000)
def test_body(counter):
    threads = [threading.Thread(target=locked_increments, args=(counter,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    
