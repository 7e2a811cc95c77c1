"""What a round of a loop costs under control, in processor time, beside the same loop under no control.

    python benchmarks/accesses.py

prints a table in Markdown: nanoseconds a round, and their ratio. Each row is a loop that runs in each of two threads.
Under control, it is the body of a marked test under `strategy="random"`. What threads and schedules cost that do
nothing is taken off. Measurements take turns; the figures are medians.

Processor time is what counts here: other processes of the machine disturb it less.
"""

from __future__ import annotations

import argparse
import collections
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path


class Box:
    """Something with attributes."""

    def __init__(self) -> None:
        self.value = 0
        self.limit = 7

    def step(self) -> None:
        """Read and write its own attributes."""
        self.value = self.value + self.limit


SHARED = Box()
LOCK = threading.Lock()


def nothing(rounds: int) -> None:
    """What is taken off."""


def arithmetic(rounds: int) -> None:
    """Numbers in local variables."""
    total = 0
    for at in range(rounds):
        total += at * 3 % 7
        if total > 1_000_000:
            total = 0


def arithmetic_of_arguments(rounds: int, left: int = 5, right: int = 7) -> None:
    """Numbers that a function is given."""
    for _ in range(rounds):
        left, right = right, (left * left + right) % 1_000_003


def private_attributes(rounds: int) -> None:
    """Those of an object that is in a local variable."""
    box = Box()
    for _ in range(rounds):
        box.value = box.limit


def private_methods(rounds: int) -> None:
    """Those of an object whose methods are called."""
    box = Box()
    for _ in range(rounds):
        box.step()


def private_list(rounds: int) -> None:
    """Items of a list that is in a local variable."""
    items = [0] * 8
    for at in range(rounds):
        items[at & 7] = items[3]


def private_dict(rounds: int) -> None:
    """Items of a dictionary that is in a local variable."""
    items = {"a": 1, "b": 2}
    for _ in range(rounds):
        items["a"] = items["b"]


def given_dict(rounds: int) -> None:
    """`[]` and `len` of a dictionary that other functions have as well."""
    items = HELD["dict"]
    for _ in range(rounds):
        items["a"]
        len(items)


def given_ordered_dict(rounds: int) -> None:
    """The same of an OrderedDict."""
    items = HELD["OrderedDict"]
    for _ in range(rounds):
        items["a"]
        len(items)


def shared_attribute(rounds: int) -> None:
    """An attribute of what all threads have, under a lock."""
    for _ in range(rounds):
        with LOCK:
            SHARED.value += 1


HELD = {"dict": {"a": 1, "b": 2}, "OrderedDict": collections.OrderedDict(a=1, b=2)}

#: With how many rounds there are: a round that costs little is measured many times.
BODIES: dict[str, tuple[str, Callable[[int], None], int]] = {
    "arithmetic": ("arithmetic", arithmetic, 20_000),
    "arguments": ("arithmetic of arguments", arithmetic_of_arguments, 20_000),
    "attributes": ("attributes of a private object", private_attributes, 20_000),
    "methods": ("methods of a private object", private_methods, 5_000),
    "list": ("items of a private list", private_list, 20_000),
    "dict": ("items of a private dict", private_dict, 20_000),
    "dict-len": ("`[]` and `len` of a dict", given_dict, 1_000),
    "ordered-dict-len": ("`[]` and `len` of an OrderedDict", given_ordered_dict, 1_000),
    "shared": ("attribute of a shared object under a lock", shared_attribute, 1_000),
}

TEST = """
import pytest
from accesses_under_test import {work} as work

@pytest.mark.concurrency(workers=2, schedules={schedules}, strategy="random", seconds=None, max_steps=10_000_000)
def test_body():
    work({rounds})
"""

CONFTEST = """
import time, pytest

_now = time.process_time_ns

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    before = _now()
    result = yield
    print("processor time:", _now() - before)
    return result
"""


def uncontrolled(work: Callable[[int], None], rounds: int, repetitions: int) -> float:
    """Nanoseconds of one call."""
    begin = time.process_time_ns()
    for _ in range(repetitions):
        work(rounds)
    return (time.process_time_ns() - begin) / repetitions


def controlled(work: Callable[[int], None], rounds: int, schedules: int) -> float:
    """Nanoseconds of one schedule, in a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        (folder / "accesses_under_test.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
        test = TEST.format(work=work.__name__, schedules=schedules, rounds=rounds)
        (folder / "test_body.py").write_text(test, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-s", "--interleave-seed=1", "-p", "no:frontrun"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(run.stdout + run.stderr)
        return int(run.stdout.split("processor time:")[1].split()[0]) / schedules


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bodies", nargs="*", choices=[[], *BODIES], default=[])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--schedules", type=int, default=40)
    arguments = parser.parse_args()
    bodies = arguments.bodies or list(BODIES)
    plain: dict[str, list[float]] = {name: [] for name in bodies}
    under: dict[str, list[float]] = {name: [] for name in bodies}
    empty: list[float] = []
    for _ in range(arguments.repetitions):
        empty.append(controlled(nothing, 0, arguments.schedules))
        for name in bodies:
            plain[name].append(uncontrolled(*BODIES[name][1:], max(200_000 // BODIES[name][2], 1)))
            under[name].append(controlled(*BODIES[name][1:], arguments.schedules))
    print(
        f"CPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores, processor time, "
        f"medians of {arguments.repetitions}"
    )
    print()
    print("| a round of | uncontrolled, ns | controlled, ns | ratio |")
    print("|---|---|---|---|")
    nothing_at_all = statistics.median(empty)
    for name in bodies:
        free = statistics.median(plain[name]) / BODIES[name][2]
        bound = (statistics.median(under[name]) - nothing_at_all) / 2 / BODIES[name][2]
        print(f"| {BODIES[name][0]} | {free:,.1f} | {bound:,.1f} | {bound / free:,.1f} |")


if __name__ == "__main__":
    main()
