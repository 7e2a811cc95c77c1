"""Took more than a minute with 500 threads: what can be reversed was looked for again and again."""

import threading

import pytest


@pytest.mark.parametrize("threads", [100, 150, 200, 500])
@pytest.mark.concurrency(schedules=1)
def test_it(threads, run_concurrent):
    count, lock = [0], threading.Lock()

    def work():
        with lock:
            count[0] += 1

    run_concurrent(work, workers=threads)
    assert count[0] == threads
