"""Setters that write two variables, and checkers that read both: SCTBench's CS.reorder_3_bad to CS.reorder_20_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description; 50 and 100 threads were added by the authors of
PERIOD and SURW. The bug: a checker reads between the first write of one setter and the second write of any; the more
setters there are, the more threads have to be held back.
"""

from __future__ import annotations

import pytest

from ._threads import run


class Reorder:
    def __init__(self) -> None:
        self.a = 0
        self.b = 0

    def setter(self) -> None:
        self.a = 1
        self.b = -1

    def checker(self) -> None:
        assert (self.a == 0 and self.b == 0) or (self.a == 1 and self.b == -1)


def reorder(setters: int, checkers: int = 1) -> None:
    program = Reorder()
    run(*[program.setter] * setters, *[program.checker] * checkers)


@pytest.mark.concurrency
def test_reorder_3() -> None:
    reorder(setters=2)


@pytest.mark.concurrency
def test_reorder_4() -> None:
    reorder(setters=3)


@pytest.mark.concurrency
def test_reorder_5() -> None:
    reorder(setters=4)


@pytest.mark.concurrency
def test_reorder_10() -> None:
    reorder(setters=9)


@pytest.mark.concurrency
def test_reorder_20() -> None:
    reorder(setters=10, checkers=10)


@pytest.mark.concurrency
def test_reorder_50() -> None:
    reorder(setters=49)


@pytest.mark.concurrency
def test_reorder_100() -> None:
    reorder(setters=99)
