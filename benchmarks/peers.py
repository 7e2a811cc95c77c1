"""Schedules per second: this plugin, frontrun, interleave-test, and the same bodies under no control at all.

    python benchmarks/peers.py

prints two tables in Markdown: schedules per second, and what follows from them. Everything is measured with
the interpreter that runs this file. Each measurement is a process of its own; the tools take turns, so that
a machine that is busy for a while is busy for all of them; the figures are medians over the repetitions. A
peer that is not installed is left out, and the output says so.

No body asserts anything, so that no schedule ends a search early: what is measured is how fast schedules
run. That a mode can find the counter's race at all is checked first, with a body that does assert.

Each tool is measured as its documentation uses it. This plugin runs inside pytest: one marked test, whose
fixtures are made anew for each schedule. A peer runs without pytest, in each of its modes that switch
threads between bytecode instructions; the table has the fastest one.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Counter:
    """What the threads share."""

    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()


def increment(counter: Counter) -> None:
    """A lost update, if another thread runs between the two lines."""
    value = counter.value
    counter.value = value + 1


def locked_increments(counter: Counter) -> None:
    """Nothing to find: 200 increments, each under the lock."""
    for _ in range(200):
        with counter.lock:
            counter.value += 1


class Body(NamedTuple):
    """A program to be run over and over."""

    title: str
    work: Callable[[Counter], None]
    threads: int
    #: Schedules of one measurement of this plugin, and executions of one without control.
    schedules: int
    uncontrolled: int
    #: The `max_ops` of frontrun's random strategy that covers the body: it warns where that is too small.
    max_ops: int
    #: Whether exhaustive search soon has nothing left to run.
    small: bool = False
    #: At least this many times the faster peer, and at most this many times slower than uncontrolled.
    peer_target: float = 10
    uncontrolled_target: float | None = None


BODIES = {
    "counter-2": Body("2 threads, counter", increment, 2, 6000, 6000, 50, small=True, uncontrolled_target=2),
    "counter-10": Body("10 threads, counter", increment, 10, 1500, 1500, 250, uncontrolled_target=3),
    "locked-200": Body("2 threads, 200 locked increments", locked_increments, 2, 100, 2000, 20_000),
}

TEST = """
import threading
import pytest


class Counter:
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()


def increment(counter):
    value = counter.value
    counter.value = value + 1


def locked_increments(counter):
    for _ in range(200):
        with counter.lock:
            counter.value += 1


@pytest.fixture
def counter():
    return Counter()


@pytest.mark.concurrency(schedules={schedules}, strategy={strategy!r}, seconds=None, max_steps=1_000_000)
def test_body(counter):
    threads = [threading.Thread(target={work}, args=(counter,)) for _ in range({threads})]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    {check}
"""


# -- one measurement, in a process of its own --------------------------------------------------------------


class Missed(Exception):
    """A search that was to find the race did not."""


def measure_uncontrolled(body: Body, mode: str, seconds: float) -> float:  # noqa: ARG001
    """Ordinary threads, started and joined."""

    def once() -> None:
        counter = Counter()
        threads = [threading.Thread(target=body.work, args=(counter,)) for _ in range(body.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for _ in range(20):
        once()
    start = time.perf_counter()
    for _ in range(body.uncontrolled):
        once()
    return body.uncontrolled / (time.perf_counter() - start)


def measure_plugin(body: Body, mode: str, seconds: float) -> float:  # noqa: ARG001
    """One marked test in a pytest run of its own; the plugin's own figures."""
    test = run_plugin(body, mode, body.schedules, "")
    if test["outcome"] != "passed" or test["schedules"] != body.schedules:
        raise SystemExit(f"the test did not run all its schedules: {test}")
    return float(test["schedules"] / test["seconds"])


def run_plugin(body: Body, strategy: str, schedules: int, check: str) -> dict[str, Any]:
    """The entry of the JSON report for the body's test."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "test_body.py").write_text(
            TEST.format(
                schedules=schedules, strategy=strategy, work=body.work.__name__, threads=body.threads, check=check
            ),
            encoding="utf-8",
        )
        # A peer is a plugin for pytest, too, and must not take part.
        arguments = ["--interleave-json=report.json", "--interleave-seed=1", "-p", "no:frontrun"]
        run = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if not (folder / "report.json").exists():
            raise SystemExit(run.stdout + run.stderr)
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    test: dict[str, Any] = report["tests"][0]
    return test


def measure_frontrun(body: Body, mode: str, seconds: float) -> float:
    """`frontrun.explore` without its detection of files and sockets, which is not needed here."""
    import frontrun

    def explore() -> int:
        result = frontrun.explore(
            setup=Counter,
            workers=body.work,
            count=body.threads,
            invariant=lambda counter: True,  # noqa: ARG005
            detect_io=False,
            reproduce_on_failure=0,
            **_frontrun_mode(mode, body, seconds),
        )
        return int(result.num_explored)

    return _rate(explore, seconds)


def _frontrun_mode(mode: str, body: Body, seconds: float) -> dict[str, Any]:
    if mode == "dpor":
        return {"stop_on_first": False, "total_timeout": seconds}
    attempts = 2 if body.work is locked_increments else 50
    return {"strategy": "random", "max_attempts": attempts, "max_ops": body.max_ops, "seed": 1}


def measure_interleave_test(body: Body, mode: str, seconds: float) -> float:
    """`interleave_test.explore`, with threads started by its own `spawn`."""
    import interleave_test

    iterations = 2 if body.work is locked_increments else 50

    def model() -> None:
        counter = Counter()
        tasks = [interleave_test.spawn(body.work, counter) for _ in range(body.threads)]
        for task in tasks:
            task.join()

    def explore() -> int:
        return interleave_test.explore(model, iterations=iterations, strategy=mode, seed=1).schedules_run

    return _rate(explore, seconds)


def _rate(explore: Callable[[], int], seconds: float) -> float:
    """Explorations, one after the other until the time is up; what the first one loads is not counted."""
    explore()
    explored = 0
    start = now = time.perf_counter()
    while now - start < seconds:
        explored += explore()
        now = time.perf_counter()
    return explored / (now - start)


# -- that each mode can find the race ----------------------------------------------------------------------


def find_with_plugin(body: Body, mode: str) -> None:
    """The same test with an assertion at its end."""
    if run_plugin(body, mode, 200, f"assert counter.value == {body.threads}")["outcome"] != "failed":
        raise Missed


def find_with_frontrun(body: Body, mode: str) -> None:
    """The same exploration with an invariant."""
    import frontrun

    options = _frontrun_mode(mode, body, 10)
    result = frontrun.explore(
        setup=Counter,
        workers=body.work,
        count=body.threads,
        invariant=lambda counter: counter.value == body.threads,
        detect_io=False,
        reproduce_on_failure=0,
        **options,
    )
    if result.property_holds:
        raise Missed


def find_with_interleave_test(body: Body, mode: str) -> None:
    """The same exploration with an assertion."""
    import interleave_test

    def model() -> None:
        counter = Counter()
        tasks = [interleave_test.spawn(body.work, counter) for _ in range(body.threads)]
        for task in tasks:
            task.join()
        assert counter.value == body.threads

    if interleave_test.explore(model, iterations=500, strategy=mode, seed=1, raise_on_failure=False).ok:
        raise Missed


class Tool(NamedTuple):
    """What is measured."""

    title: str
    modes: tuple[str, ...]
    measure: Callable[[Body, str, float], float]
    find: Callable[[Body, str], None] | None = None
    #: Of the peers: the distribution, the module and the version that the figures are for.
    distribution: str | None = None
    module: str = ""
    version: str = ""


TOOLS = {
    "uncontrolled": Tool("uncontrolled", ("",), measure_uncontrolled),
    "plugin": Tool("pytest-interleave", ("random",), measure_plugin, find_with_plugin),
    "auto": Tool("the same", ("auto",), measure_plugin, find_with_plugin),
    "frontrun": Tool(
        "frontrun 0.7.0",
        ("dpor", "random"),
        measure_frontrun,
        find_with_frontrun,
        "frontrun",
        "frontrun",
        "0.7.0",
    ),
    "interleave-test": Tool(
        "interleave-test 0.1.0",
        ("random", "pct", "dfs"),
        measure_interleave_test,
        find_with_interleave_test,
        "interleave-test",
        "interleave_test",
        "0.1.0",
    ),
}


# -- all measurements --------------------------------------------------------------------------------------

Key = tuple[str, str, str]


def _environment(tool: str) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "FRONTRUN_"))}
    if tool == "frontrun":
        # What the command `frontrun` sets; its library for sockets and files is not needed here.
        environment["FRONTRUN_ACTIVE"] = "1"
    return environment


def _child(what: str, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, __file__, what, tool, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(tool),
    )


def available(names: list[str]) -> Iterator[str]:
    """The tools that can be measured; says of each other one what is missing."""
    for name in names:
        tool = TOOLS[name]
        if tool.distribution is None:
            yield name
        elif importlib.util.find_spec(tool.module) is None:
            install = f"pip install '{tool.distribution}=={tool.version}'"
            print(f"{tool.title} is left out: it is not installed ({install})")
        elif importlib.metadata.version(tool.distribution) != tool.version:
            installed = importlib.metadata.version(tool.distribution)
            print(f"{tool.title} is left out: version {installed} is installed")
        else:
            yield name


def modes_that_find(name: str) -> list[str]:
    """The modes of a tool in which it finds the plain counter's race; says which of them do not."""
    tool = TOOLS[name]
    if tool.find is None:
        return list(tool.modes)
    found = []
    for mode in tool.modes:
        run = _child("--find", name, mode, "counter-2")
        if run.returncode == 0:
            found.append(mode)
        else:
            print(f"{tool.title} {mode} is left out: it does not find the counter's race")
            print(run.stdout + run.stderr, file=sys.stderr)
    return found


def measure_all(names: list[str], bodies: list[str], repetitions: int, seconds: float) -> dict[Key, list[float]]:
    """Rates by body, tool and mode."""
    tools = [(name, mode) for name in available(names) for mode in modes_that_find(name)]
    rates: dict[Key, list[float]] = {}
    for body in bodies:
        for repetition in range(repetitions):
            for name, mode in tools:
                if name == "auto" and BODIES[body].small:
                    # It would end as soon as all classes of schedules are run.
                    continue
                run = _child("--measure", name, mode, body, "--seconds", str(seconds))
                if run.returncode != 0:
                    raise SystemExit(f"{name} {mode} {body} failed:\n{run.stdout}{run.stderr}")
                rate = float(run.stdout.split()[-1])
                rates.setdefault((body, name, mode), []).append(rate)
                print(f"{body} {name} {mode} #{repetition + 1}: {rate:.1f}/s", file=sys.stderr, flush=True)
    return rates


class Best(NamedTuple):
    """The fastest mode of a tool on a body."""

    rate: float
    mode: str


def best(rates: dict[Key, list[float]], body: str, tool: str) -> Best | None:
    """By the medians."""
    medians = [
        Best(statistics.median(values), mode)
        for (of_body, of_tool, mode), values in rates.items()
        if of_body == body and of_tool == tool
    ]
    return max(medians, default=None)


def tables(rates: dict[Key, list[float]], bodies: list[str], repetitions: int) -> str:
    """Both tables, in Markdown."""
    names = [name for name in TOOLS if any(key[1] == name for key in rates)]
    lines = [
        f"Schedules per second, median of {repetitions}, {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()}, {os.cpu_count()} CPUs",
        "",
        "| body | " + " | ".join(TOOLS[name].title for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for body in bodies:
        cells = []
        for name in names:
            fastest = best(rates, body, name)
            if fastest is None:
                cells.append("too small")
                continue
            mode = f" ({fastest.mode})" if fastest.mode else ""
            cells.append(f"{_figure(fastest.rate)}{mode}")
        lines.append(f"| {BODIES[body].title} | {' | '.join(cells)} |")
    lines += [
        "",
        "| body | times the faster peer | wanted | times slower than uncontrolled | wanted |",
        "|---|---|---|---|---|",
    ]
    for body in bodies:
        lines.append(f"| {BODIES[body].title} | {' | '.join(_ratios(rates, body))} |")
    return "\n".join(lines)


def _ratios(rates: dict[Key, list[float]], name: str) -> list[str]:
    body = BODIES[name]
    ours = best(rates, name, "plugin")
    plain = best(rates, name, "uncontrolled")
    peers = [peer for tool in ("frontrun", "interleave-test") if (peer := best(rates, name, tool))]
    against_peer = f"{ours.rate / max(peers).rate:.1f}" if ours and peers else "not measured"
    against_plain = f"{plain.rate / ours.rate:.2f}" if ours and plain else "not measured"
    target = "" if body.uncontrolled_target is None else f"at most {body.uncontrolled_target:g}"
    return [against_peer, f"at least {body.peer_target:g}", against_plain, target]


def _figure(rate: float) -> str:
    return f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Schedules per second of this plugin and of its peers.")
    parser.add_argument("--repetitions", type=int, default=5, help="measurements of each (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="for one measurement of a peer (default: 1)")
    parser.add_argument("--bodies", nargs="+", choices=BODIES, default=list(BODIES))
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--json", type=Path, help="write all rates there, too")
    parser.add_argument("--measure", nargs=3, metavar=("TOOL", "MODE", "BODY"), help=argparse.SUPPRESS)
    parser.add_argument("--find", nargs=3, metavar=("TOOL", "MODE", "BODY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        tool, mode, body = arguments.measure
        print(TOOLS[tool].measure(BODIES[body], mode, arguments.seconds))
    elif arguments.find:
        tool, mode, body = arguments.find
        find = TOOLS[tool].find
        assert find is not None
        find(BODIES[body], mode)
    else:
        rates = measure_all(arguments.tools, arguments.bodies, arguments.repetitions, arguments.seconds)
        if arguments.json is not None:
            readable = {" ".join(key).strip(): values for key, values in rates.items()}
            arguments.json.write_text(json.dumps(readable, indent=1) + "\n", encoding="utf-8")
        print(tables(rates, arguments.bodies, arguments.repetitions))


if __name__ == "__main__":
    main()
