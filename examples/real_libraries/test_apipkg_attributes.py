"""apipkg 2.0.0, unmodified: two threads read an attribute of a package that is imported on first use.

The first thread sets the attribute, and removes its name from the map of attributes that are not imported yet. The
second one did not find the attribute before that, and does not find its name in the map after that:
https://github.com/pytest-dev/apipkg/pull/25.
"""

import threading

import apipkg
import pytest


@pytest.fixture
def shop():
    return apipkg.ApiModule("shop", {"join": "os.path:join"})


@pytest.mark.concurrency
def test_two_threads_read_an_attribute(shop, run_concurrent):
    first, second = run_concurrent(lambda: shop.join, workers=2)
    assert first is second


@pytest.mark.concurrency
def test_two_threads_read_an_attribute_under_a_lock(shop, run_concurrent):
    lock = threading.Lock()

    def read():
        with lock:
            return shop.join

    first, second = run_concurrent(read, workers=2)
    assert first is second
