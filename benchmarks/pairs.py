"""Schedules per second of two source trees of this plugin, to see whether a change has made it slower.

    git worktree add ../before v0.1.0
    python benchmarks/pairs.py ../before .

prints a table in Markdown: the rates of each tree, and the ratio of the second to the first. A measurement is a
whole run of pytest, in a process of its own. The two trees take turns, and the ratio is the median over the pairs,
with the lowest and the highest, so that a machine that is busy for a while does not favour one of them. The ratio by
processor time depends even less on what else the machine does. Measure a tree against itself first: that shows how
much of a difference is noise.

The interpreter that runs this file needs pytest. The plugin need not be installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PRELUDE = """
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


class Counter:
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()
        self.event = threading.Event()
        self.condition = threading.Condition()
        self.items = queue.Queue(2)


@pytest.fixture
def counter():
    return Counter()


def in_threads(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.concurrency(schedules={schedules}, strategy={strategy!r}, seconds=None, max_steps=1_000_000)
def test_body(counter):
"""

CONFTEST = """
import time
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol():
    before = time.process_time()
    result = yield
    Path("processor").write_text(str(time.process_time() - before))
    return result
"""


class Body(NamedTuple):
    """A test to be run over and over, and under how many schedules."""

    schedules: int
    strategy: str
    source: str


INCREMENT = """
    def work():
        value = counter.value
        counter.value = value + 1
"""

BODIES = {
    "counter-2": Body(
        6_000,
        "random",
        INCREMENT + "    in_threads(work, work)\n",
    ),
    "counter-10": Body(
        1_500,
        "random",
        INCREMENT + "    in_threads(*[work] * 10)\n",
    ),
    "locked-200": Body(
        100,
        "random",
        """
    def work():
        for _ in range(200):
            with counter.lock:
                counter.value += 1
    in_threads(work, work)
""",
    ),
    "auto-10": Body(
        1_000,
        "auto",
        INCREMENT + "    in_threads(*[work] * 10)\n",
    ),
    "sleeps": Body(
        1_000,
        "random",
        """
    def work():
        for _ in range(5):
            time.sleep(0.01)
            counter.value += 1
    in_threads(work, work, work)
""",
    ),
    "timeouts": Body(
        1_000,
        "random",
        """
    def wait():
        for _ in range(5):
            counter.event.wait(0.01)
        with counter.condition:
            counter.condition.wait_for(lambda: counter.value, timeout=60)
    def work():
        for _ in range(10):
            with counter.lock:
                pass
        with counter.condition:
            counter.value = 1
            counter.condition.notify_all()
    in_threads(wait, wait, work)
""",
    ),
    "clocks": Body(
        1_000,
        "random",
        """
    def work():
        until = time.monotonic() + 0.01
        for _ in range(20):
            if time.monotonic() >= until:
                break
            counter.value += 1
    in_threads(work, work)
""",
    ),
    "queues": Body(
        500,
        "random",
        """
    def feed():
        for number in range(10):
            counter.items.put(number)
    def consume():
        for _ in range(10):
            counter.items.get(timeout=10)
    in_threads(feed, feed, consume, consume)
""",
    ),
    "pool": Body(
        500,
        "random",
        """
    def work(number):
        with counter.lock:
            counter.value += number
        return number
    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(6))) == 15
""",
    ),
}


class Measured(NamedTuple):
    """The rates of one run of a body in one tree, by real time and by processor time."""

    real: float
    processor: float


def measure(tree: Path, body: Body) -> Measured:
    """Run pytest on the body's test, with the plugin as it is in the tree."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        source = PRELUDE.format(schedules=body.schedules, strategy=body.strategy) + body.source.lstrip("\n")
        (folder / "test_body.py").write_text(source, encoding="utf-8")
        (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment |= {"PYTHONPATH": str(tree / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        arguments = ["-p", "pytest_interleave.plugin", "--interleave-json=report.json", "--interleave-seed=1"]
        run = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            raise SystemExit(run.stdout + run.stderr)
        processor = float((folder / "processor").read_text(encoding="utf-8"))
        (test,) = json.loads((folder / "report.json").read_text(encoding="utf-8"))["tests"]
    if test["schedules"] != body.schedules:
        raise SystemExit(f"the test did not run all its schedules: {test}")
    return Measured(test["schedules"] / test["seconds"], test["schedules"] / processor)


def row(name: str, pairs: Sequence[tuple[Measured, Measured]]) -> str:
    """The line of the table for a body."""
    cells = [f"{statistics.median(pair[which].real for pair in pairs):,.0f}" for which in (0, 1)]
    by_real_time = sorted(second.real / first.real for first, second in pairs)
    by_processor_time = sorted(second.processor / first.processor for first, second in pairs)
    for values in (by_real_time, by_processor_time):
        cells.append(f"{statistics.median(values):.2f} ({values[0]:.2f}–{values[-1]:.2f})")  # noqa: RUF001
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Schedules per second of two source trees of this plugin.")
    parser.add_argument("first", type=Path, help="the tree to compare with: a directory that has src/pytest_interleave")
    parser.add_argument("second", type=Path, help="the other tree")
    parser.add_argument("--pairs", type=int, default=7, help="measurements of each (default: 7)")
    parser.add_argument("--bodies", nargs="+", choices=BODIES, default=list(BODIES))
    arguments = parser.parse_args()
    trees = [tree.resolve() for tree in (arguments.first, arguments.second)]
    for tree in trees:
        if not (tree / "src" / "pytest_interleave").is_dir():
            parser.error(f"{tree} has no src/pytest_interleave")
    print(
        f"Schedules per second, medians of {arguments.pairs} pairs, {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()}, {os.cpu_count()} CPUs"
    )
    print("\n| body | first | second | second / first | by processor time |\n|---|---|---|---|---|")
    for name in arguments.bodies:
        pairs = []
        for number in range(arguments.pairs):
            # Which of them is first, too, takes turns.
            order = (0, 1) if number % 2 == 0 else (1, 0)
            found = {which: measure(trees[which], BODIES[name]) for which in order}
            pairs.append((found[0], found[1]))
        print(row(name, pairs), flush=True)


if __name__ == "__main__":
    main()
