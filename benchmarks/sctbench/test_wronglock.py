"""A number that is counted up under two different locks: SCTBench's CS.wronglock_bad and CS.wronglock_3_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the thread that holds the first lock
expects that no other thread counts meanwhile, but the others hold the second one.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run


class WrongLock:
    def __init__(self) -> None:
        self.lock1 = Lock()
        self.lock2 = Lock()
        self.data = 0

    def checked(self) -> None:
        with self.lock1:
            before = self.data
            self.data += 1
            assert self.data == before + 1

    def unchecked(self) -> None:
        with self.lock2:
            self.data += 1


def wronglock(others: int) -> None:
    program = WrongLock()
    run(program.checked, *[program.unchecked] * others)


@pytest.mark.concurrency
def test_wronglock() -> None:
    wronglock(others=7)


@pytest.mark.concurrency
def test_wronglock_3() -> None:
    wronglock(others=3)
