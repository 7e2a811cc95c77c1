"""`SimpleQueue` behaves as `queue.SimpleQueue` does."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from pytest_interleave.control.primitives import SimpleQueue
from tests.driving import check


def test_items_come_out_in_order() -> None:
    def body() -> None:
        items: SimpleQueue = SimpleQueue()
        thread = threading.Thread(target=lambda: [items.put(item) for item in range(3)])
        thread.start()
        assert [items.get() for _ in range(3)] == [0, 1, 2]
        thread.join()
        assert items.empty()
        assert items.qsize() == 0

    check(body)


def test_an_empty_one() -> None:
    def body() -> None:
        items: SimpleQueue = SimpleQueue()
        with pytest.raises(queue.Empty):
            items.get_nowait()
        with pytest.raises(queue.Empty):
            items.get(timeout=0)
        with pytest.raises(ValueError):
            items.get(timeout=-1)
        items.put_nowait(1)
        assert items.get_nowait() == 1

    body()
    check(body, walks=1)


def test_an_hour_of_waiting_takes_no_time() -> None:
    def body() -> None:
        before = time.monotonic()
        with pytest.raises(queue.Empty):
            SimpleQueue().get(timeout=3600)
        assert 3600 <= time.monotonic() - before < 3601

    check(body, walks=1)


def test_instances() -> None:
    assert isinstance(SimpleQueue(), queue.SimpleQueue)
    assert isinstance(SimpleQueue()._real, queue.SimpleQueue)
    assert str(queue.SimpleQueue[int]).endswith("SimpleQueue[int]")
