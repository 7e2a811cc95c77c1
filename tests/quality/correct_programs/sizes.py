"""How often a program of each size is run, and the little that the programs share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.thorough import thorough

# An ordinary run of the suite is a light one. `matrix` runs each program under up to 200 schedules.
MOST = int(os.environ.get("CORRECT_PROGRAMS_SCHEDULES", "8"))

# Faults of time and of long tests show up at certain sizes: a bound of 50 or 100 steps, of 1,000, of 10,000.
SMALL = (1, 10, 50, 60, 100)


# Larger programs are for a thorough run.
USUAL = 1_000


def schedules_of(size: int) -> int:
    """The time of a schedule grows with its steps: large sizes get fewer schedules, so that all take about as long."""
    if size <= 100:
        return 200
    return 20 if size <= 1_000 else 4 if size <= 10_000 else 2


def concurrency(schedules: int = 200) -> pytest.MarkDecorator:
    """The marker of all programs. It leaves the strategy to `--interleave-strategy`."""
    return pytest.mark.concurrency(schedules=min(schedules, MOST), seed=20, seconds=60)


# Of programs with real waits: the scheduler sees no such wait, and says that it has set the thread aside.
set_aside = pytest.mark.filterwarnings("ignore:.* does not control .*:pytest_interleave.InterleaveWarning")


def sizes(*numbers: int, costs: int = 1) -> pytest.MarkDecorator:
    """Parametrize `size`, with fewer schedules for large ones; `costs` says how many steps a round takes, roughly."""
    values = []
    for number in numbers:
        marks = [concurrency(schedules_of(number * costs))]
        if number * costs > USUAL:
            marks.append(thorough)
        values.append(pytest.param(number, marks=marks))
    return pytest.mark.parametrize("size", values)


def start(*functions: Callable[[], Any], **options: Any) -> list[threading.Thread]:
    threads = [threading.Thread(target=function, **options) for function in functions]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread], timeout: float = 30) -> None:
    """All of them end, each within a time that is generous on any machine."""
    for thread in threads:
        thread.join(timeout)
        assert not thread.is_alive()


class Counter:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value = 0

    def add(self, times: int = 1) -> None:
        for _ in range(times):
            with self.lock:
                self.value += 1
