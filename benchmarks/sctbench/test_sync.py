"""A producer and a consumer that wait for each other by conditions: SCTBench's CS.sync01_bad and CS.sync02_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bugs: in sync01 the consumer takes nothing,
in sync02 it takes no more than was there from the start, so that the producer waits for ever in every run. C signals
after it has released the mutex; Python's `notify` needs it once more.
"""

from __future__ import annotations

from threading import Condition, Lock

import pytest

from ._threads import run

N = 2


class Sync:
    def __init__(self, num: int) -> None:
        self.mutex = Lock()
        self.empty = Condition(self.mutex)
        self.full = Condition(self.mutex)
        self.num = num

    def produce(self) -> None:
        with self.mutex:
            while self.num > 0:
                self.empty.wait()
            self.num += 1
        with self.mutex:
            self.full.notify()

    def look(self) -> None:
        with self.mutex:
            while self.num == 0:
                self.full.wait()
        with self.mutex:
            self.empty.notify()

    def consume(self) -> None:
        with self.mutex:
            while self.num == 0:
                self.full.wait()
            self.num -= 1
        with self.mutex:
            self.empty.notify()

    def producer(self) -> None:
        for _ in range(N):
            self.produce()

    def consumer(self) -> None:
        for _ in range(N):
            self.consume()


@pytest.mark.concurrency
def test_sync01() -> None:
    sync = Sync(1)
    run(sync.produce, sync.look)


@pytest.mark.concurrency
def test_sync02() -> None:
    sync = Sync(2)
    run(sync.producer, sync.consumer)
