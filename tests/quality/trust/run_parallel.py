"""The verdicts were right; names and warnings were not."""

import threading

import pytest


@pytest.mark.concurrency(schedules=30)
def test_good(run_concurrent):
    count, lock = [0], threading.Lock()

    def work():
        with lock:
            count[0] += 1

    run_concurrent(work)
    assert count[0] == 2


@pytest.mark.concurrency(schedules=30)
def test_bad(run_concurrent):
    count = [0]

    def work():
        value = count[0]
        count[0] = value + 1

    run_concurrent(work)
    assert count[0] == 2
