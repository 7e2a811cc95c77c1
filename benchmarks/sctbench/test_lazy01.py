"""Two threads that add to a number and one that checks it: SCTBench's CS.lazy01_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the check fails where it comes last.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run


class Data:
    def __init__(self) -> None:
        self.lock = Lock()
        self.data = 0

    def add_one(self) -> None:
        with self.lock:
            self.data += 1

    def add_two(self) -> None:
        with self.lock:
            self.data += 2

    def check(self) -> None:
        with self.lock:
            assert self.data < 3


@pytest.mark.concurrency
def test_lazy01() -> None:
    data = Data()
    run(data.add_one, data.add_two, data.check)
