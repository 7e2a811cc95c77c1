"""limits 5.8.0, unmodified: two requests at the same time, a second after the first timer ended.

`MemoryStorage` deletes what has expired in a timer, and starts a new timer if the last one has ended. Two threads may
both find that it has ended. If each sets `self.timer` before either starts it, one timer is started twice:
https://github.com/alisaifee/limits/issues/26.
"""

import threading
import time

import pytest
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

TEN = parse("10/minute")


@pytest.mark.concurrency
def test_two_requests_at_the_same_time(run_concurrent):
    limiter = FixedWindowRateLimiter(MemoryStorage())
    time.sleep(1)
    assert run_concurrent(limiter.hit, TEN, "alice", workers=2) == [True, True]


@pytest.mark.concurrency
def test_two_requests_at_the_same_time_under_a_lock(run_concurrent):
    limiter = FixedWindowRateLimiter(MemoryStorage())
    lock = threading.Lock()
    time.sleep(1)

    def hit():
        with lock:
            return limiter.hit(TEN, "alice")

    assert run_concurrent(hit, workers=2) == [True, True]
