"""python-dateutil 2.9.0.post0, unmodified: two threads iterate over a recurrence rule with a cache.

The iterator acquires the lock of the cache, gets the next ten dates, and releases the lock. At the last date it leaves
the loop without a release. Another thread that is in the loop at that time waits for the lock forever.
"""

import threading
from datetime import datetime

import pytest
from dateutil.rrule import DAILY, rrule


@pytest.fixture
def days():
    return rrule(DAILY, dtstart=datetime(2026, 1, 1), count=3, cache=True)


@pytest.mark.concurrency
def test_two_threads_list_the_days(days, run_concurrent):
    first, second = run_concurrent(list, days, workers=2)
    assert len(first) == len(second) == 3


@pytest.mark.concurrency
def test_two_threads_list_the_days_under_a_lock(days, run_concurrent):
    lock = threading.Lock()

    def list_days():
        with lock:
            return list(days)

    first, second = run_concurrent(list_days, workers=2)
    assert len(first) == len(second) == 3
