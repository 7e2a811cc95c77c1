"""`SimpleQueue` behaves as `queue.SimpleQueue` does."""

from __future__ import annotations

import importlib
import queue
import sys
import threading
import time
from typing import Any

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


#: As a test of a program does that replaces a module: see `test_a_second_copy_of_the_module`.
second_queue: Any = None


@pytest.fixture
def second_copy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports `queue` once more, with all that is below it in C."""
    with monkeypatch.context() as patch:
        for name in ("queue", "_queue"):
            patch.delitem(sys.modules, name, raising=False)
        copy = importlib.import_module("queue")
    assert copy.Empty is not queue.Empty
    monkeypatch.setattr(sys.modules[__name__], "second_queue", copy)
    return copy


def test_a_second_copy_of_the_module(second_copy: Any) -> None:
    """Nothing of it blocks out of sight, or reads the real clock; and its exceptions are its own."""

    def body() -> None:
        items = second_copy.SimpleQueue()
        assert type(items) is second_copy.SimpleQueue
        thread = threading.Thread(target=items.put, args=(1,))
        thread.start()
        assert items.get() == 1
        thread.join()
        before = time.monotonic()
        for empty in (items, second_copy.Queue()):
            with pytest.raises(second_copy.Empty):
                empty.get(timeout=3600)
        assert 7200 <= time.monotonic() - before < 7202

    real = second_copy.SimpleQueue
    check(body)
    assert second_copy.SimpleQueue is real


def test_a_second_copy_in_python_keeps_its_own(second_copy: Any) -> None:
    """It is made of primitives that can be seen as they are."""

    def body() -> None:
        items = second_copy.SimpleQueue()
        assert type(items) is second_copy._PySimpleQueue
        thread = threading.Thread(target=items.put, args=(1,))
        thread.start()
        assert items.get() == 1
        thread.join()

    second_copy.SimpleQueue = second_copy._PySimpleQueue
    check(body)
