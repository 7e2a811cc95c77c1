"""A producer and a consumer that adds up an arithmetic progression: SCTBench's CS.arithmetic_prog_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: main asserts that the sum is not what
it always is, so that every run fails. C signals after it has released the mutex; Python's `notify` needs it once more.
"""

from __future__ import annotations

from threading import Condition, Lock

import pytest

from ._threads import run

N = 3


class Progression:
    def __init__(self) -> None:
        self.mutex = Lock()
        self.empty = Condition(self.mutex)
        self.full = Condition(self.mutex)
        self.num = 0
        self.total = 0
        self.flag = False

    def produce(self) -> None:
        for _ in range(N):
            with self.mutex:
                while self.num > 0:
                    self.empty.wait()
                self.num += 1
            with self.mutex:
                self.full.notify()

    def consume(self) -> None:
        for j in range(N):
            with self.mutex:
                while self.num == 0:
                    self.full.wait()
                self.total += j
                self.num -= 1
            with self.mutex:
                self.empty.notify()
        self.total += N
        self.flag = True


@pytest.mark.concurrency
def test_arithmetic_prog() -> None:
    progression = Progression()
    run(progression.produce, progression.consume)
    if progression.flag:
        assert progression.total != N * (N + 1) // 2
