"""Two locks: SCTBench's CS.deadlock01_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the threads take them in opposite
orders, and each may wait for the other.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run


class Locks:
    def __init__(self) -> None:
        self.a = Lock()
        self.b = Lock()

    def first(self) -> None:
        with self.a, self.b:
            pass

    def second(self) -> None:
        with self.b, self.a:
            pass


@pytest.mark.concurrency
def test_deadlock01() -> None:
    locks = Locks()
    run(locks.first, locks.second)
