"""Schedules to the first bug in the programs of SCTBench, by strategy, beside the published figures.

    python benchmarks/sctbench.py
    python benchmarks/sctbench.py --strategies random,pct --programs reorder_3,twostage --seeds 5 --schedules 300

prints a table in Markdown. Each strategy runs with each seed in a pytest process of its own, which runs all programs
of the directory `sctbench`. Means and standard deviations are over the seeds that found the bug; where not all of them
did, their number follows. Exits with 1 where a process hung or something else went wrong; the lines under the table
say what.

The published figures are of the C programs, under other tools, whose steps are not the same. Above all, the start of a
thread is no scheduling point here: the threads of a program are all there when the first of them begins, so that a bug
that needs many of them at once is easier to find.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import queue
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

from sctbench.published import COLUMNS, FIGURES

from pytest_interleave.explore import STRATEGIES

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(__file__).resolve().parent / "sctbench"
PYTEST = [sys.executable, "-m", "pytest", f"--rootdir={ROOT}", "-p", "no:cacheprovider", "-p", "no:frontrun"]

#: The programs whose bug is a deadlock; that of all others is an exception.
DEADLOCKS = frozenset(("carter01", "deadlock01", "phase01", "sync01", "sync02"))
#: Processes for one strategy and seed: after one that hung, the rest of the programs get another.
ATTEMPTS = 3


class Run(NamedTuple):
    """All programs under one strategy with one seed."""

    strategy: str
    seed: int
    seconds: float
    #: By program the number of the schedule that failed, None where none did. Without those that hung.
    found: dict[str, int | None]
    #: What went wrong.
    troubles: list[str]


def collect() -> dict[str, str]:
    """Node ids by the names of the programs."""
    run = subprocess.run(
        [*PYTEST, "--collect-only", "-q", str(PROGRAMS)],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise SystemExit(run.stdout + run.stderr)
    nodes = re.findall(r"^\S+::test_\w+$", run.stdout, re.MULTILINE)
    return {_program(node): node for node in nodes}


def measure(strategy: str, seed: int, nodes: dict[str, str], schedules: int, limit: int) -> Run:
    """Run the programs; those in which a process hung are left out, and reported."""
    left = dict(nodes)
    found: dict[str, int | None] = {}
    troubles: list[str] = []
    start = time.perf_counter()
    for _ in range(ATTEMPTS):
        options = [f"--interleave-strategy={strategy}", f"--interleave-seed={seed}"]
        tests, problem, last = _run_pytest([*options, f"--interleave-schedules={schedules}", *left.values()], limit)
        for test in tests:
            name = _program(test["nodeid"])
            found[name] = test["found_at"]
            troubles += [f"{name}: {trouble}" for trouble in _troubles(name, test, schedules)]
        left = {name: node for name, node in left.items() if name not in found}
        if problem:
            troubles.append(problem)
        if last not in left:
            break
        del left[last]
        if not left:
            break
    if left:
        troubles.append(f"no result of {', '.join(left) if found else 'any program'}")
    return Run(strategy, seed, time.perf_counter() - start, found, troubles)


def _run_pytest(arguments: list[str], limit: int) -> tuple[list[dict[str, Any]], str, str]:
    """The entries of the JSON report; what went wrong, or nothing; and the program that it hung in, if it did."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        report = folder / "report.json"
        with (folder / "output").open("w+", encoding="utf-8") as output:
            try:
                run = subprocess.run(
                    [*PYTEST, "-v", "--tb=short", f"--interleave-json={report}", *arguments],
                    cwd=ROOT,
                    env=_environment(),
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=limit,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                output.seek(0)
                last = re.findall(r"^\S+::test_\w+", output.read(), re.MULTILINE)[-1:]
                hung_in = _program(last[0]) if last else ""
                return [], f"{hung_in or 'pytest'}: not done after {limit} s", hung_in
            if run.returncode not in (0, 1) or not report.exists():
                output.seek(0)
                print(output.read(), file=sys.stderr)
                return [], f"pytest: exit status {run.returncode}", ""
        tests: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["tests"]
        return tests, "", ""


def _troubles(name: str, test: dict[str, Any], schedules: int) -> list[str]:
    """What is not as it should be in the entry of one test."""
    finding = test["finding"]
    if finding is None:
        if test["outcome"] != "passed":
            return [f"{test['outcome']} without a finding"]
        if test["schedules"] < schedules and not test["exhaustive"]:
            return [f"ended after {test['schedules']} schedules"]
        return []
    wanted = ("deadlock",) if name in DEADLOCKS else ("thread exception", "test failure")
    if finding["kind"] not in wanted:
        return [f"{finding['kind']} where a {wanted[0]} was expected"]
    return []


def _program(node: str) -> str:
    return node.rpartition("::test_")[2]


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**environment, "PYTHONHASHSEED": "0"}


def measure_all(strategies: Sequence[str], seeds: int, jobs: int, measure_one: Callable[[str, int], Run]) -> list[Run]:
    """All runs, `jobs` of them at a time."""
    cpus: queue.SimpleQueue[int] = queue.SimpleQueue()
    if jobs > 1 and hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        for job in range(jobs):
            cpus.put(allowed[job % len(allowed)])
    runs = []
    pool = ThreadPoolExecutor(jobs, initializer=_take_cpu, initargs=(cpus,))
    try:
        pending = [pool.submit(measure_one, strategy, seed) for seed in range(seeds) for strategy in strategies]
        for done in as_completed(pending):
            run = done.result()
            runs.append(run)
            bugs = sum(number is not None for number in run.found.values())
            print(f"{run.strategy}, seed {run.seed}: {bugs} found, {run.seconds:.0f} s", file=sys.stderr, flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    return sorted(runs, key=lambda run: (strategies.index(run.strategy), run.seed))


def _take_cpu(cpus: queue.SimpleQueue[int]) -> None:
    """Each job has a CPU of its own, which its processes inherit: the plugin pins threads, and may choose the same."""
    try:
        os.sched_setaffinity(0, {cpus.get_nowait()})
    except (queue.Empty, OSError):
        pass


# -- the table ---------------------------------------------------------------------------------------------


def table(runs: Sequence[Run], strategies: Sequence[str], programs: Sequence[str]) -> str:
    """In Markdown."""
    head = ["program", *strategies, *(f"{column}, published" for column in COLUMNS)]
    lines = [_row(head), "|---" * len(head) + "|"]
    for name in programs:
        ours = [
            _cell([run.found[name] for run in runs if run.strategy == one and name in run.found]) for one in strategies
        ]
        lines.append(_row([name, *ours, *FIGURES.get(name, ("",) * len(COLUMNS))]))
    totals = [_total([run for run in runs if run.strategy == one]) for one in strategies]
    return "\n".join([*lines, _row([f"found, of {len(programs)}", *totals, *("",) * len(COLUMNS)])])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(numbers: Sequence[int | None]) -> str:
    """As in the published tables."""
    found = [number for number in numbers if number is not None]
    if not found:
        return f"0/{len(numbers)}" if numbers else ""
    text = f"{statistics.mean(found):.0f}±{statistics.pstdev(found):.0f}"
    return text if len(found) == len(numbers) else f"{text} ({len(found)}/{len(numbers)})"


def _total(runs: Sequence[Run]) -> str:
    """Programs whose bug some seed found, and the mean of a seed."""
    found = [{name for name, number in run.found.items() if number is not None} for run in runs if run.found]
    return f"{len(set().union(*found))}, {statistics.mean(map(len, found)):.1f} a seed" if found else ""


def describe(arguments: argparse.Namespace, date: str) -> str:
    """What was measured, and where the other figures come from."""
    return (
        f"Schedules to the first bug, mean±standard deviation over {arguments.seeds} seeds, at most "
        f"{arguments.schedules:,} schedules, {platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()}, {date}. Published: SURW, POS and PCT-3 by the artifact of SURW (zhaohuanqdcn/SURW), at "
        "most 10,000 schedules; RFF by the artifact of RFF (dylanjwolff/RFF), at most 5 minutes; 20 trials each."
    )


def write_json(path: Path, arguments: argparse.Namespace, date: str, runs: Sequence[Run]) -> None:
    """All results."""
    raw = {
        "python": platform.python_version(),
        "date": date,
        "schedules": arguments.schedules,
        "runs": [run._asdict() for run in runs],
    }
    path.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")


# -- the command line --------------------------------------------------------------------------------------


def _several(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Reads names with commas between them."""

    def read(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name!r}; choose from {', '.join(known)}")
        if not names:
            raise argparse.ArgumentTypeError(f"give at least one of {', '.join(known)}")
        return list(dict.fromkeys(names))

    return read


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small; give 1 or more")
    return number


def main() -> None:
    nodes = collect()
    parser = argparse.ArgumentParser(description="Schedules to the first bug in the programs of SCTBench.")
    parser.add_argument("--strategies", type=_several(tuple(STRATEGIES)), default=list(STRATEGIES), metavar="A,B,…")
    parser.add_argument("--programs", type=_several(tuple(nodes)), default=list(nodes), metavar="A,B,…")
    parser.add_argument("--seeds", type=_positive, default=20, help="from 0 on (default: 20)")
    parser.add_argument("--schedules", type=_positive, default=1000, help="at most, of each program (default: 1000)")
    parser.add_argument("--jobs", type=_positive, default=2, help="processes at a time (default: 2)")
    parser.add_argument("--limit", type=_positive, help="seconds of a process (default: 600, or 1 a schedule if more)")
    parser.add_argument("--json", type=Path, help="write all results there, too")
    arguments = parser.parse_args()
    limit = arguments.limit or max(600, arguments.schedules)
    chosen = {name: nodes[name] for name in arguments.programs}
    date = datetime.date.today().isoformat()
    runs = measure_all(
        arguments.strategies,
        arguments.seeds,
        arguments.jobs,
        lambda strategy, seed: measure(strategy, seed, chosen, arguments.schedules, limit),
    )
    if arguments.json is not None:
        write_json(arguments.json, arguments, date, runs)
    print(f"{describe(arguments, date)}\n\n{table(runs, arguments.strategies, arguments.programs)}")
    troubles = [f"{run.strategy}, seed {run.seed}: {trouble}" for run in runs for trouble in run.troubles]
    if troubles:
        print("\n".join(["", "Not as it should be:", "", *(f"- {trouble}" for trouble in troubles)]))
        raise SystemExit(1)


if __name__ == "__main__":
    main()
