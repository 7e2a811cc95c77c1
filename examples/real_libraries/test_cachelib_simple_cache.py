"""cachelib 0.13.0, unmodified: `SimpleCache.set` iterates over the cache while another thread adds a value.

Once the cache has more values than its threshold, `set` removes some. It finds them by iterating over the dictionary,
without a lock. The error is that of https://github.com/pallets-eco/flask-caching/issues/572.
"""

import threading

import pytest
from cachelib import SimpleCache


@pytest.fixture
def cache():
    cache = SimpleCache(threshold=2, default_timeout=0)
    for key in ("old", "older", "oldest"):
        cache.set(key, "value")
    return cache


@pytest.mark.concurrency
def test_two_threads_add_values(cache, run_concurrent):
    run_concurrent.each(lambda key: cache.set(key, "value"), ["tea", "milk"])
    assert cache.has("tea")
    assert cache.has("milk")


@pytest.mark.concurrency
def test_two_threads_add_values_under_a_lock(cache, run_concurrent):
    lock = threading.Lock()

    def add(key):
        with lock:
            cache.set(key, "value")

    run_concurrent.each(add, ["tea", "milk"])
    assert cache.has("tea")
    assert cache.has("milk")
