"""A stack that one thread fills and another one empties: SCTBench's CS.stack_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the flag that says that something is
there is never cleared, and so more is taken than was put there.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run

SIZE = 10


class Stack:
    def __init__(self) -> None:
        self.lock = Lock()
        self.elements = [0] * SIZE
        self.top = 0
        self.flag = False

    def push(self, value: int) -> bool:
        if self.top == SIZE:
            return False
        self.elements[self.top] = value
        self.top += 1
        return True

    def pop(self) -> int | None:
        if self.top == 0:
            return None
        self.top -= 1
        return self.elements[self.top]

    def pusher(self) -> None:
        for i in range(SIZE):
            with self.lock:
                assert self.push(i)
                self.flag = True

    def popper(self) -> None:
        for _ in range(SIZE):
            with self.lock:
                if self.flag:
                    assert self.pop() is not None


@pytest.mark.concurrency
def test_stack() -> None:
    stack = Stack()
    run(stack.pusher, stack.popper)
