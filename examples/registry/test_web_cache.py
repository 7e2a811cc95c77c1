"""The web cache: it knows its size, keeps below its limit, and forgets what is old."""

import threading
import time

import pytest


@pytest.mark.concurrency
def test_the_size_when_one_page_is_put_in_twice(web_cache, run_concurrent):
    web_cache.put("/", b"12")
    run_concurrent.each(lambda body: web_cache.put("/", body), [b"123", b"1234"])
    believed, really = web_cache.usage()
    assert believed == really
    assert web_cache.get("/") in (b"123", b"1234")


@pytest.mark.concurrency
def test_the_size_when_pages_are_evicted(web_cache, run_concurrent):
    web_cache.put("/old", b"1234567")
    run_concurrent.each(lambda url: web_cache.put(url, b"1234"), ["/new", "/newer"])
    assert web_cache.usage() == (8, 8)


@pytest.mark.concurrency
def test_the_size_when_a_page_is_too_old(web_cache, run_concurrent):
    web_cache.put("/", b"1234")
    time.sleep(web_cache.max_age + 1)
    assert run_concurrent(web_cache.get, "/", workers=2) == [None, None]
    assert web_cache.usage() == (0, 0)


@pytest.mark.concurrency
def test_two_threads_fetch_all_pages(web_cache, resource_limits):
    with resource_limits(threads=threading.active_count() + 2):
        web_cache.prefetch(["/a", "/b", "/c"], lambda url: url.encode(), workers=2)
    assert web_cache.usage() == (6, 6)
