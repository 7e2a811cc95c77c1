"""A lock that is taken in one region of a mutex and released in the next: SCTBench's CS.carter01_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: one thread waits for the lock while it
holds the mutex, which the lock's owner needs to release it. Two more threads do nothing.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run


class Counters:
    def __init__(self) -> None:
        self.mutex = Lock()
        self.shared = Lock()
        self.a = 0
        self.b = 0

    def use_a(self) -> None:
        with self.mutex:
            self.a += 1
            if self.a == 1:
                self.shared.acquire()
        with self.mutex:
            self.a -= 1
            if self.a == 0:
                self.shared.release()

    def use_b(self) -> None:
        with self.mutex:
            self.b += 1
            if self.b == 1:
                self.shared.acquire()
        with self.mutex:
            self.b -= 1
            if self.b == 0:
                self.shared.release()

    def idle(self) -> None:
        pass


@pytest.mark.concurrency
def test_carter01() -> None:
    counters = Counters()
    run(counters.use_a, counters.use_b, counters.idle, counters.idle)
