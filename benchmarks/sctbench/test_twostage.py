"""Two variables, each under a lock of its own, written in two stages: SCTBench's CS.twostage_bad and _100_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description; 20 and 50 threads were added by the authors of
PERIOD and SURW. The bug: the reader comes between the two stages of a writer, while no other writer has passed both.
"""

from __future__ import annotations

from threading import Lock

import pytest

from ._threads import run


class TwoStage:
    def __init__(self) -> None:
        self.lock1 = Lock()
        self.lock2 = Lock()
        self.data1 = 0
        self.data2 = 0

    def writer(self) -> None:
        with self.lock1:
            self.data1 = 1
        with self.lock2:
            self.data2 = self.data1 + 1

    def reader(self) -> None:
        with self.lock1:
            if self.data1 == 0:
                return
            first = self.data1
        with self.lock2:
            second = self.data2
        assert second == first + 1


def twostage(writers: int) -> None:
    program = TwoStage()
    run(*[program.writer] * writers, program.reader)


@pytest.mark.concurrency
def test_twostage() -> None:
    twostage(writers=1)


@pytest.mark.concurrency
def test_twostage_20() -> None:
    twostage(writers=19)


@pytest.mark.concurrency
def test_twostage_50() -> None:
    twostage(writers=49)


@pytest.mark.concurrency
def test_twostage_100() -> None:
    twostage(writers=99)
