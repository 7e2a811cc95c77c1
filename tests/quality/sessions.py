"""Runs files of programs in pytest sessions of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def rows_of(programs: Path, report: Path, *options: str) -> dict[str, dict[str, Any]]:
    """The entries of the JSON report for the tests in `programs`, by name. Some of these must fail.

    The report is written to `report`. What the session printed is shown where the calling test fails.
    """
    rows, output = session_of(programs, report, *options)
    print(output)
    return rows


def session_of(
    programs: Path, report: Path, *options: str, whole_nodeids: bool = False
) -> tuple[dict[str, dict[str, Any]], str]:
    """The same, and what the session printed; with `whole_nodeids`, by file and name.

    `programs` may be a folder.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *options,
            str(programs), f"--interleave-json={report}",
        ],
        cwd=programs if programs.is_dir() else programs.parent,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    named = ((row["nodeid"], row) for row in json.loads(report.read_text())["tests"])
    rows = {nodeid if whole_nodeids else nodeid.partition("::")[2]: row for nodeid, row in named}
    return rows, done.stdout
