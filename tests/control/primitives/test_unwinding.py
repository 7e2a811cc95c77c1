"""Primitives in threads that are ended while they use them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pytest_interleave.control.execution._execution import Execution
from pytest_interleave.control.execution.units._unwind import Unwind
from pytest_interleave.control.steps._kinds import RELEASE
from tests.driving import execute, require_good_end


def release(primitive: Any) -> None:
    primitive.release()


def leave(primitive: Any) -> None:
    primitive.__exit__(None, None, None)


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock, threading.Semaphore])
@pytest.mark.parametrize("end", [release, leave])
def test_what_a_thread_was_about_to_release_is_released_when_it_is_ended(
    make: Callable[[], Any], end: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    point = Execution.point
    ended: list[object] = []

    def end_there(execution: Any, unit: Any, operation: Any, touches: Any = None) -> None:
        if operation.kind is RELEASE and not ended:
            ended.append(unit)
            raise Unwind
        point(execution, unit, operation, touches)

    def body() -> None:
        primitive = getattr(threading, make.__name__.strip("_"))()
        primitive.acquire()
        with pytest.raises(Unwind):
            end(primitive)
        assert primitive.acquire(blocking=False)
        primitive.release()
        other = threading.Thread(target=primitive.acquire)
        other.start()
        other.join()

    monkeypatch.setattr(Execution, "point", end_there)
    require_good_end(execute(body))
    assert ended
