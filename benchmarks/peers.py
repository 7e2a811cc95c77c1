"""Schedules per second: this plugin, frontrun, interleave-test, and the same bodies under no control at all.

    python benchmarks/peers.py

prints two tables in Markdown: schedules per second, and what follows from them. Everything is measured with
the interpreter that runs this file. Each measurement is a process of its own; the tools take turns, so that
a machine that is busy for a while is busy for all of them; the figures are medians over the repetitions. A
peer that is not installed is left out, and the output says so.

The bodies are in `peer_bodies.py`. What is measured is how fast schedules run, so those in which threads race assert
nothing: that would end a search early. That a mode can find the counter's race at all is checked first, and a race
between the tasks of a pool, with bodies that do assert. A peer that cannot run a body has a dash, and a note that says
why.

Each tool is measured as its documentation uses it. This plugin runs inside pytest: one marked test, whose
fixtures are created again for each schedule. A peer runs without pytest, in each of its modes that switch
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

from peer_bodies import BODIES, TWINS, Body

TEST = """
import threading
import pytest
from peer_bodies import BODIES, TWINS

BODY = {{**BODIES, **TWINS}}[{name!r}]


@pytest.fixture
def made():
    return BODY.make()


@pytest.mark.concurrency(schedules={schedules}, strategy={strategy!r}, seconds=None, max_steps=1_000_000)
def test_body(made):
    threads = [threading.Thread(target=work, args=(made,)) for work in BODY.works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    {check}
"""
CONFTEST = """
import time, pytest

now = time.process_time_ns

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    before = now()
    result = yield
    print("processor time:", now() - before)
    return result
"""
#: What seconds are counted by: those of the clock, or of the processor, which other programs disturb less.
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
#: The name of an environment variable that says which.
CLOCK = "PEERS_CLOCK"
#: Seconds after which a peer is given up that does not come back from a body.
PATIENCE = 60


# -- one measurement, in a process of its own --------------------------------------------------------------


class Missed(Exception):
    """A search that was to find the race did not."""


class Unable(Exception):
    """A peer cannot run a body."""


def measure_uncontrolled(body: Body, mode: str, seconds: float) -> float:  # noqa: ARG001
    """Ordinary threads, started and joined."""

    def once() -> None:
        made = body.make()
        threads = [threading.Thread(target=work, args=(made,)) for work in body.works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for _ in range(20):
        once()
    now = CLOCKS[os.environ[CLOCK]]
    start = now()
    for _ in range(body.uncontrolled):
        once()
    return body.uncontrolled / (now() - start)


def measure_plugin(body: Body, mode: str, seconds: float) -> float:  # noqa: ARG001
    """One marked test in a pytest run of its own; the plugin's own figures."""
    test = run_plugin(body, mode, body.schedules, "")
    if test["outcome"] != "passed" or test["schedules"] != body.schedules:
        raise Unable(f"ran {test['schedules']} of {body.schedules} schedules, and {test['outcome']}")
    return float(test["schedules"] / test["seconds"])


def run_plugin(body: Body, strategy: str, schedules: int, check: str) -> dict[str, Any]:
    """The entry of the JSON report for the body's test."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        (folder / "peer_bodies.py").write_bytes(Path(__file__).with_name("peer_bodies.py").read_bytes())
        name = next(name for name, known in {**BODIES, **TWINS}.items() if known is body)
        text = TEST.format(name=name, schedules=schedules, strategy=strategy, check=check)
        (folder / "test_body.py").write_text(text, encoding="utf-8")
        # A peer is a plugin for pytest, too, and must not take part.
        arguments = ["--interleave-json=report.json", "--interleave-seed=1", "-p", "no:frontrun"]
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-s", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if not (folder / "report.json").exists():
            raise SystemExit(run.stdout + run.stderr)
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    test: dict[str, Any] = report["tests"][0]
    if os.environ[CLOCK] == "processor":
        test["seconds"] = int(run.stdout.split("processor time:")[1].split()[0]) / 1e9
    return test


def measure_frontrun(body: Body, mode: str, seconds: float) -> float:
    """`frontrun.explore` without its detection of files and sockets, which is not needed here."""

    def explore() -> int:
        result = _explore_with_frontrun(body, mode, seconds, (lambda made: True) if body.racy else body.done)  # noqa: ARG005
        if not result.property_holds:
            raise Unable(f"reports a failure of a correct program: {result.explanation}")
        return int(result.num_explored)

    return _rate(explore, seconds)


def _explore_with_frontrun(body: Body, mode: str, seconds: float, invariant: Callable[[Any], bool]) -> Any:
    import frontrun

    if mode == "dpor":
        how: dict[str, Any] = {"stop_on_first": body.racy, "total_timeout": seconds}
    else:
        how = {"strategy": "random", "max_attempts": body.attempts, "max_ops": body.max_ops, "seed": 1}
    return frontrun.explore(
        setup=body.make,
        workers=list(body.works),
        invariant=invariant,
        detect_io=False,
        reproduce_on_failure=0,
        **how,
    )


def measure_interleave_test(body: Body, mode: str, seconds: float) -> float:
    """`interleave_test.explore`, with threads started by its own `spawn`."""

    def explore() -> int:
        result = _explore_with_interleave_test(body, mode, body.attempts, check=not body.racy)
        if not result.ok:
            raise Unable(f"reports a failure of a correct program: {result.failure}")
        return int(result.schedules_run)

    return _rate(explore, seconds)


def _explore_with_interleave_test(body: Body, mode: str, iterations: int, *, check: bool) -> Any:
    import interleave_test

    def model() -> None:
        made = body.make()
        tasks = [interleave_test.spawn(work, made) for work in body.works]
        for task in tasks:
            task.join()
        assert not check or body.done(made)

    return interleave_test.explore(model, iterations=iterations, strategy=mode, seed=1, raise_on_failure=False)


def _rate(explore: Callable[[], int], seconds: float) -> float:
    """Explorations, one after the other until the time is up; what the first one loads is not counted."""
    if not explore():
        raise Unable("runs no schedule of it")
    now = CLOCKS[os.environ[CLOCK]]
    explored = 0
    start = end = now()
    while end - start < seconds:
        explored += explore()
        end = now()
    return explored / (end - start)


# -- that each mode can find the race ----------------------------------------------------------------------


def find_with_plugin(body: Body, mode: str) -> None:
    """The same test with an assertion at its end."""
    if run_plugin(body, mode, 200, "assert BODY.done(made)")["outcome"] != "failed":
        raise Missed


def find_with_frontrun(body: Body, mode: str) -> None:
    """The same exploration with an invariant."""
    if _explore_with_frontrun(body, mode, 10, body.done).property_holds:
        raise Missed


def find_with_interleave_test(body: Body, mode: str) -> None:
    """The same exploration with an assertion."""
    if _explore_with_interleave_test(body, mode, 500, check=True).ok:
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


class Answer(NamedTuple):
    """What a process has said: its output, or what went wrong."""

    output: str
    trouble: str | None


def _child(what: str, tool: str, *arguments: str) -> Answer:
    command = [sys.executable, __file__, what, tool, *arguments]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_environment(tool), timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return Answer("", f"gave no answer within {PATIENCE} s")
    if run.returncode == 0:
        return Answer(run.stdout, None)
    print(run.stdout + run.stderr, file=sys.stderr)
    lines = run.stderr.strip().splitlines()
    return Answer(run.stdout, lines[-1] if lines else f"ended with status {run.returncode}")


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


def modes_that_find(name: str, twins: set[str]) -> Iterator[tuple[str, set[str]]]:
    """The modes of a tool, and the races of `twins` that it does not find in them."""
    tool = TOOLS[name]
    for mode in tool.modes:
        missed = set() if tool.find is None else {twin for twin in twins if _child("--find", name, mode, twin).trouble}
        if "counter-2" in missed:
            print(f"{tool.title} {mode} is left out: it does not find the counter's race")
        else:
            yield mode, missed


class Measured(NamedTuple):
    """What came out, by body, tool and mode."""

    rates: dict[Key, list[float]]
    troubles: dict[Key, str]


def measure_all(names: list[str], bodies: list[str], repetitions: int, seconds: float) -> Measured:
    """Measure each mode of each tool on each body, in turns."""
    twins = {"counter-2", *(BODIES[body].twin for body in bodies)}
    tools = [(name, mode, missed) for name in available(names) for mode, missed in modes_that_find(name, twins)]
    measured = Measured({}, {})
    for body in bodies:
        for repetition in range(repetitions):
            for name, mode, missed in tools:
                key = (body, name, mode)
                if name == "auto" and BODIES[body].small:
                    measured.troubles[key] = "has soon run all classes of schedules"
                elif BODIES[body].twin in missed:
                    measured.troubles[key] = f"does not find a race in a {TWINS[BODIES[body].twin].title}"
                if key in measured.troubles:
                    continue
                answer = _child("--measure", name, mode, body, "--seconds", str(seconds))
                if answer.trouble is not None:
                    measured.troubles[key] = answer.trouble
                    continue
                rate = float(answer.output.split()[-1])
                measured.rates.setdefault(key, []).append(rate)
                print(f"{body} {name} {mode} #{repetition + 1}: {rate:.1f}/s", file=sys.stderr, flush=True)
    return measured


class Best(NamedTuple):
    """The fastest mode of a tool on a body."""

    rate: float
    mode: str


def best(measured: Measured, body: str, tool: str) -> Best | None:
    """By the medians; modes that had trouble are none."""
    medians = [
        Best(statistics.median(values), mode)
        for (of_body, of_tool, mode), values in measured.rates.items()
        if of_body == body and of_tool == tool and (of_body, of_tool, mode) not in measured.troubles
    ]
    return max(medians, default=None)


def tables(measured: Measured, bodies: list[str], repetitions: int) -> str:
    """Both tables, in Markdown."""
    names = [name for name in TOOLS if any(key[1] == name for key in measured.rates)]
    lines = [
        f"Schedules per second of {'the clock' if os.environ[CLOCK] == 'wall' else 'processor time'}, "
        f"median of {repetitions}, {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()}, {os.cpu_count()} CPUs",
        "",
        "| body | " + " | ".join(TOOLS[name].title for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    notes: list[str] = []
    for body in bodies:
        cells = []
        for name in names:
            fastest = best(measured, body, name)
            if fastest is None:
                cells.append(f"- ({_note(notes, measured, body, name)})")
                continue
            mode = f" ({fastest.mode})" if fastest.mode and len(TOOLS[name].modes) > 1 else ""
            cells.append(f"{_figure(fastest.rate)}{mode}")
        lines.append(f"| {BODIES[body].title} | {' | '.join(cells)} |")
    lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, start=1))]
    lines += [
        "",
        "| body | times the faster peer | wanted | times slower than uncontrolled | wanted |",
        "|---|---|---|---|---|",
    ]
    for body in bodies:
        lines.append(f"| {BODIES[body].title} | {' | '.join(_ratios(measured, body))} |")
    return "\n".join(lines)


def _note(notes: list[str], measured: Measured, body: str, tool: str) -> int:
    """The number of the note that says why there is no figure."""
    troubles = {
        mode: text for (of_body, of_tool, mode), text in measured.troubles.items() if (of_body, of_tool) == (body, tool)
    }
    same = len(set(troubles.values())) == 1
    text = "; ".join({text if same else f"{mode}: {text}": None for mode, text in troubles.items()})
    note = f"{TOOLS[tool].title} {text}." if same else f"{TOOLS[tool].title}: {text}."
    if note not in notes:
        notes.append(note)
    return notes.index(note) + 1


def _ratios(measured: Measured, name: str) -> list[str]:
    body = BODIES[name]
    ours = best(measured, name, "plugin")
    plain = best(measured, name, "uncontrolled")
    peers = [peer for tool in ("frontrun", "interleave-test") if (peer := best(measured, name, tool))]
    against_peer = f"{ours.rate / max(peers).rate:.1f}" if ours and peers else "-"
    against_plain = f"{plain.rate / ours.rate:.2f}" if ours and plain else "-"
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
    parser.add_argument("--clock", choices=CLOCKS, help="what seconds are counted by (default: wall)")
    arguments = parser.parse_args()
    os.environ[CLOCK] = arguments.clock or os.environ.get(CLOCK, "wall")
    if arguments.measure:
        tool, mode, body = arguments.measure
        try:
            print(TOOLS[tool].measure(BODIES[body], mode, arguments.seconds))
        except Unable as reason:
            raise SystemExit(str(reason)) from None
    elif arguments.find:
        tool, mode, body = arguments.find
        find = TOOLS[tool].find
        assert find is not None
        find(TWINS[body], mode)
    else:
        measured = measure_all(arguments.tools, arguments.bodies, arguments.repetitions, arguments.seconds)
        if arguments.json is not None:
            readable = {" ".join(key).strip(): values for key, values in measured.rates.items()}
            arguments.json.write_text(json.dumps(readable, indent=1) + "\n", encoding="utf-8")
        print(tables(measured, arguments.bodies, arguments.repetitions))


if __name__ == "__main__":
    main()
