"""A sender and a receiver that are to take turns at a buffer: SCTBench's CS.circular_buffer_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the receiver counts also the turns in
which nothing was there for it, and then expects a later number than the one that comes.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run

N = 7
SIZE = 10


class Buffer:
    def __init__(self) -> None:
        self.lock = Lock()
        self.slots = [0] * SIZE
        self.first = 0
        self.next = 0
        self.send = True
        self.receive = False

    def insert(self, value: int) -> None:
        self.slots[self.next] = value
        self.next = (self.next + 1) % SIZE

    def remove(self) -> int:
        if self.next > 0 and self.first < SIZE:
            self.first += 1
            return self.slots[self.first - 1]
        return -1

    def sender(self) -> None:
        for i in range(N):
            with self.lock:
                if self.send:
                    self.insert(i)
                    self.send = False
                    self.receive = True

    def receiver(self) -> None:
        for i in range(N):
            with self.lock:
                if self.receive:
                    assert self.remove() == i
                    self.receive = False
                    self.send = True


@pytest.mark.concurrency
def test_circular_buffer() -> None:
    buffer = Buffer()
    run(buffer.sender, buffer.receiver)
