"""Whether tokens replay: in fresh processes, on the version that found them and on others.

    python benchmarks/tokens.py find tokens.json
    python benchmarks/tokens.py replay tokens.json
    python3.11 benchmarks/tokens.py replay tokens.json

`find` lets each of ten programs of SCTBench fail with each seed and writes down the tokens. `replay` runs each token in
a process of its own and prints how many led to the same kind of finding; its exit status is 1 where one did not on the
version that found it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = (
    "account", "bluetooth_driver", "carter01", "circular_buffer", "deadlock01", "reorder_5", "stack", "token_ring",
    "twostage", "wronglock",
)  # fmt: skip


def run(*arguments: str) -> list[dict[str, Any]]:
    """The tests in the JSON report of a pytest run."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        command = [sys.executable, "-m", "pytest", f"--rootdir={ROOT}", "-q", "--tb=no"]
        plugins = ["-p", "no:cacheprovider", "-p", "no:frontrun"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [*command, *plugins, *arguments, f"--interleave-json={report}"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.exists():
            print(done.stdout + done.stderr, file=sys.stderr)
            return []
        tests: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["tests"]
        return tests


def find(path: Path, seeds: int) -> None:
    """Write down the tokens of all programs and seeds."""
    selected = " or ".join(f"test_{name}" for name in PROGRAMS)
    found = []
    for seed in range(seeds):
        for test in run("benchmarks/sctbench", "-k", selected, f"--interleave-seed={seed}"):
            if test["nodeid"].rpartition("::test_")[2] in PROGRAMS and test["finding"] is not None:
                finding = test["finding"]
                found.append({"nodeid": test["nodeid"], "kind": finding["kind"], "token": finding["token"]})
        print(f"seed {seed}: {len(found)} tokens", file=sys.stderr, flush=True)
    path.write_text(json.dumps({"python": platform.python_version(), "tokens": found}, indent=1) + "\n")


def replay(path: Path) -> int:
    """Run all tokens; the exit status."""
    read = json.loads(path.read_text())
    tokens = read["tokens"]

    def again(one: dict[str, str]) -> bool:
        tests = run(one["nodeid"], f"--interleave-replay={one['token']}")
        return len(tests) == 1 and tests[0]["finding"] is not None and tests[0]["finding"]["kind"] == one["kind"]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        same = list(pool.map(again, tokens))
    for one, is_same in zip(tokens, same, strict=True):
        if not is_same:
            print(f"not again: {one['nodeid']} {one['token']}")
    longest = max(len(one["token"]) for one in tokens)
    print(
        f"found on Python {read['python']}, replayed on {platform.python_version()}: {sum(same)} of {len(tokens)}; "
        f"the longest token has {longest} characters"
    )
    return int(read["python"] == platform.python_version() and not all(same))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("find", "replay"))
    parser.add_argument("path", type=Path, help="of the file with the tokens")
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.what == "find":
        find(arguments.path, arguments.seeds)
        return 0
    return replay(arguments.path)


if __name__ == "__main__":
    sys.exit(main())
