"""Two threads that go through two phases, each with a lock: SCTBench's CS.phase01_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the first phase's lock is not released
the second time, so that the second thread waits for ever, in every run.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run


class Phases:
    def __init__(self) -> None:
        self.x = Lock()
        self.y = Lock()

    def work(self) -> None:
        self.x.acquire()
        self.x.release()
        self.x.acquire()
        self.y.acquire()
        self.y.release()
        self.y.acquire()
        self.y.release()


@pytest.mark.concurrency
def test_phase01() -> None:
    phases = Phases()
    run(phases.work, phases.work)
