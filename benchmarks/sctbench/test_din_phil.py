"""Dining philosophers who eat one at a time and count who has eaten: SCTBench's CS.din_phil2_sat to CS.din_phil7_sat.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: the last philosopher's assertion
fails, unless an increment of the counter is lost before.
"""

from __future__ import annotations

from functools import partial
from threading import Lock

import pytest

from ._threads import run


class Table:
    def __init__(self) -> None:
        self.lock = Lock()
        self.eaten = 0

    def philosopher(self, right: Lock, left: Lock, philosophers: int) -> None:
        with self.lock, right, left:
            pass
        self.eaten += 1
        assert self.eaten != philosophers


def dine(philosophers: int) -> None:
    table = Table()
    forks = [Lock() for _ in range(philosophers)]
    run(
        *(
            partial(table.philosopher, right=forks[(i + 1) % philosophers], left=forks[i], philosophers=philosophers)
            for i in range(philosophers)
        )
    )


@pytest.mark.concurrency
def test_din_phil2_sat() -> None:
    dine(2)


@pytest.mark.concurrency
def test_din_phil3_sat() -> None:
    dine(3)


@pytest.mark.concurrency
def test_din_phil4_sat() -> None:
    dine(4)


@pytest.mark.concurrency
def test_din_phil5_sat() -> None:
    dine(5)


@pytest.mark.concurrency
def test_din_phil6_sat() -> None:
    dine(6)


@pytest.mark.concurrency
def test_din_phil7_sat() -> None:
    dine(7)
