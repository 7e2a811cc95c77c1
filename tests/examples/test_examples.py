"""The examples, run as a reader of the README runs them: in a process of their own, with plain pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("forget_bytecode")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


class TestQuickstart:
    def test_check_shows_and_confirms_both_findings(self) -> None:
        result = run("check.py", "-p", "no:cacheprovider", folder=EXAMPLES / "quickstart")
        assert result.returncode == 0, result.stdout + result.stderr
        assert "E       assert 150 == 200" in result.stdout
        assert "Deadlock: lock-order inversion between Lock #1 and Lock #2" in result.stdout
        assert result.stdout.count(" --interleave-replay=") == 2
        assert "2 failed, 2 passed" in result.stdout

    def test_check_fails_where_a_finding_is_missing(self) -> None:
        # The first schedule has no preemption, and finds nothing.
        result = run("check.py", "-p", "no:cacheprovider", "--interleave-schedules=1", folder=EXAMPLES / "quickstart")
        assert result.returncode == 1
        assert "expected: test_bank.py::test_deposit failed, finding: test failure" in result.stdout
        assert "found: test_bank.py::test_deposit passed, finding: none" in result.stdout

    def test_the_printed_line_shows_the_finding_again(self, tmp_path: Path) -> None:
        folder = EXAMPLES / "quickstart"
        report = tmp_path / "report.json"
        run("-m", "pytest", "-p", "no:cacheprovider", f"--interleave-json={report}", folder=folder)
        found = {test["nodeid"]: test["finding"] for test in json.loads(report.read_text())["tests"]}
        for nodeid in ("test_bank.py::test_deposit", "test_bank.py::test_transfer"):
            token = found[nodeid]["token"]
            again = run(
                "-m",
                "pytest",
                "-p",
                "no:cacheprovider",
                nodeid,
                f"--interleave-replay={token}",
                f"--interleave-json={report}",
                folder=folder,
            )
            assert again.returncode == 1, again.stdout + again.stderr
            (test,) = json.loads(report.read_text())["tests"]
            assert (test["schedules"], test["finding"]["kind"]) == (1, found[nodeid]["kind"])
