"""Past the bound on steps, too, a thread gets what it has waited for."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable

import pytest

from pytest_interleave.control.primitives import SimpleQueue
from pytest_interleave.explore import NonPreemptive
from tests.driving import executions, require_good_end
from tests.thorough import some

#: Of what makes turns end now here, now there.
seeds = pytest.mark.parametrize("seed", some(range(3), 1))


class Steps:
    """Some steps that change nothing, or a sleep, in which others take what has just become free, or nothing."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._flag = threading.Event()

    def some(self) -> None:
        steps = self._random.randrange(4)
        if steps == 3:
            time.sleep(0.001)
        for _ in range(steps):
            self._flag.is_set()


def run(*bodies: Callable[[], None], max_steps: int = 50) -> None:
    def body() -> None:
        threads = [threading.Thread(target=body) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for outcome in executions(body, NonPreemptive(), max_steps=max_steps):
        require_good_end(outcome)


@seeds
@pytest.mark.parametrize("make", [SimpleQueue, queue.Queue], ids=["SimpleQueue", "Queue"])
def test_items(make: Callable[[], queue.Queue[int]], seed: int) -> None:
    items, steps = make(), Steps(seed)
    got: list[int] = []

    def feed() -> None:
        for number in range(4_000):
            items.put(number)
            steps.some()

    def consume() -> None:
        for _ in range(1_000):
            got.append(items.get())
            steps.some()

    run(*[consume] * 4, feed)
    assert sorted(got) == list(range(4_000))


@seeds
def test_locks_and_permits(seed: int) -> None:
    lock, permits, steps = threading.Lock(), threading.Semaphore(2), Steps(seed)
    inside = [0]
    most = [0]

    def work() -> None:
        for _ in range(300):
            with permits:
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                steps.some()
                with lock:
                    steps.some()
                    inside[0] -= 1
            steps.some()

    run(*[work] * 4)
    assert most[0] == 2
    assert not lock.locked()


@seeds
def test_notifications(seed: int) -> None:
    condition, steps = threading.Condition(), Steps(seed)
    turns: list[int] = []

    def work(own: int) -> Callable[[], None]:
        def take_turns() -> None:
            for number in range(200):
                with condition:
                    condition.wait_for(lambda: len(turns) == 3 * number + own)  # noqa: B023
                    turns.append(own)
                    condition.notify_all()
                steps.some()

        return take_turns

    run(work(0), work(1), work(2))
    assert turns == [0, 1, 2] * 200
