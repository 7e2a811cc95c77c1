"""A queue whose two ends are to be used in turns: SCTBench's CS.queue_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: both threads count also the turns in
which they did nothing, and so look for an element at the wrong place of the list it is compared with.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run

SIZE = 20


class Queue:
    def __init__(self) -> None:
        self.lock = Lock()
        self.elements = [0] * SIZE
        self.head = 0
        self.tail = 0
        self.stored = [0] * SIZE
        self.may_enqueue = True
        self.may_dequeue = False

    def enqueue(self, value: int) -> None:
        self.elements[self.tail] = value
        self.tail = (self.tail + 1) % SIZE

    def dequeue(self) -> int:
        value = self.elements[self.head]
        self.head = (self.head + 1) % SIZE
        return value

    def producer(self) -> None:
        value = 0
        with self.lock:
            self.enqueue(value)
            self.stored[0] = value
        for i in range(SIZE - 1):
            with self.lock:
                if self.may_enqueue:
                    value += 1
                    self.enqueue(value)
                    self.stored[i + 1] = value
                    self.may_enqueue = False
                    self.may_dequeue = True

    def consumer(self) -> None:
        for i in range(SIZE):
            with self.lock:
                if self.may_dequeue:
                    assert self.dequeue() == self.stored[i]
                    self.may_dequeue = False
                    self.may_enqueue = True


@pytest.mark.concurrency
def test_queue() -> None:
    queue = Queue()
    run(queue.producer, queue.consumer)
