"""Three variables, each set from the one before, in a ring: SCTBench's CS.token_ring_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: not every order leaves them
equal, which the check expects where it comes last. C's main does not join.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run


class Ring:
    def __init__(self) -> None:
        self.lock = Lock()
        self.x1 = 1
        self.x2 = 2
        self.x3 = 1
        self.flag1 = False
        self.flag2 = False
        self.flag3 = False

    def set_x1(self) -> None:
        with self.lock:
            self.x1 = (self.x3 + 1) % 4
            self.flag1 = True

    def set_x2(self) -> None:
        with self.lock:
            self.x2 = self.x1
            self.flag2 = True

    def set_x3(self) -> None:
        with self.lock:
            self.x3 = self.x2
            self.flag3 = True

    def check(self) -> None:
        with self.lock:
            if self.flag1 and self.flag2 and self.flag3:
                assert self.x1 == self.x2 == self.x3


@pytest.mark.concurrency
def test_token_ring() -> None:
    ring = Ring()
    run(ring.set_x1, ring.set_x2, ring.set_x3, ring.check)
