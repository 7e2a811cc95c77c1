"""`Semaphore` and `BoundedSemaphore` behave as those of `threading` do."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_interleave.control.primitives import BoundedSemaphore, Semaphore
from tests.driving import check


@pytest.mark.parametrize("kind", [Semaphore, BoundedSemaphore])
def test_errors(kind) -> None:
    def body() -> None:
        with pytest.raises(ValueError):
            kind(-1)
        with pytest.raises(ValueError):
            kind().acquire(False, timeout=1)
        with pytest.raises(ValueError):
            kind().release(0)

    body()
    check(body, walks=1)


def test_only_the_bounded_one_refuses_to_be_released_too_often() -> None:
    def body() -> None:
        with pytest.raises(ValueError, match="Semaphore released too many times"):
            BoundedSemaphore(2).release()
        semaphore = Semaphore(0)
        semaphore.release(2)
        assert [semaphore.acquire(False) for _ in range(3)] == [True, True, False]

    body()
    check(body, walks=1)


def test_timeouts() -> None:
    def body() -> None:
        semaphore = Semaphore(0)
        before = time.monotonic()
        assert semaphore.acquire(timeout=0) is False
        assert time.monotonic() - before < 0.001
        assert semaphore.acquire(timeout=3600) is False
        assert 3600 <= time.monotonic() - before < 3601
        semaphore.release()
        assert semaphore.acquire(timeout=3600) is True

    check(body, walks=1)


def test_no_more_than_its_value_are_inside() -> None:
    def body() -> None:
        semaphore, inside, most = BoundedSemaphore(2), [], []

        def work() -> None:
            with semaphore:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert max(most) <= 2

    check(body)


def test_subclasses_and_instances() -> None:
    class Slots(threading.Semaphore):
        def __init__(self) -> None:
            super().__init__(1)

    slots = Slots()
    assert slots.acquire()
    assert isinstance(slots, threading.Semaphore)
    assert isinstance(threading.BoundedSemaphore(), threading.Semaphore)
    assert not isinstance(threading.Semaphore(), threading.BoundedSemaphore)
