"""Runs the programs under every strategy, each in a process of its own, and says which were not quiet.

    python -m tests.quality.correct_programs.matrix
    python -m tests.quality.correct_programs.matrix --strategy pct --strategy pos -- -k join_with -x
    python -m tests.quality.correct_programs.matrix -- tests/quality/correct_programs/test_clocks.py

What follows `--` goes to pytest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = sorted(str(path) for path in HERE.glob("test_*.py") if path.name != "test_second_strategy.py")
STRATEGIES = ("auto", "exhaustive", "pct", "pos", "random", "surw", "swarm", "urw")


def run_under(strategy: str, arguments: list[str], folder: Path, schedules: int = 200) -> tuple[int, list[dict]]:
    """The exit code of pytest, and its row for each program."""
    report = folder / f"{strategy}.json"
    options = ["-q", "--no-header", "--tb=short", "--thorough=too"]
    options += [f"--interleave-strategy={strategy}", f"--interleave-json={report}"]
    log = folder / f"{strategy}.log"
    with log.open("w") as output:
        programs = [] if any(".py" in argument for argument in arguments) else PROGRAMS
        command = [sys.executable, "-m", "pytest", *programs, *options, *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        environment["CORRECT_PROGRAMS_SCHEDULES"] = str(schedules)
        code = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False).returncode
    return code, json.loads(report.read_text())["tests"] if report.exists() else []


def grouped(rows: list[dict]) -> dict[tuple[str, str], list[str]]:
    """The parameters of what was not quiet, by program and message."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        name, _, parameters = row["nodeid"].partition("::")[2].partition("[")
        message = (row["finding"] or {}).get("message") or row["outcome"]
        groups.setdefault((name, message.splitlines()[0][:110]), []).append(parameters.rstrip("]"))
    return groups


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strategy", action="append", choices=STRATEGIES, help="only this one; may be repeated")
    parser.add_argument("--schedules", type=int, default=200, help="at most this many for each program (200)")
    parser.add_argument("--folder", type=Path, help="keep the reports and the output of pytest here")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    loud = 0
    for strategy in arguments.strategy or STRATEGIES:
        began = time.monotonic()
        code, rows = run_under(strategy, arguments.pytest, folder, arguments.schedules)
        failed = [row for row in rows if row["outcome"] != "passed"]
        loud += code != 0
        seconds = time.monotonic() - began
        print(f"{strategy}: {len(rows)} programs, {len(failed)} not quiet, pytest {code}, {seconds:.0f} s", flush=True)
        for (name, message), parameters in grouped(failed).items():
            print(f"  {name}: {message}\n    {', '.join(parameters)}")
    print(f"reports and output: {folder}")
    return 1 if loud else 0


if __name__ == "__main__":
    sys.exit(main())
