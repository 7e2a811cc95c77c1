"""The reports in files, of all that a run has come to."""

from __future__ import annotations

import json
import platform

from .._version import __version__
from ._results import Results, Rows


def write_json(path: str, results: Results) -> None:
    """Write the machine-readable report.

    Raises `OSError` where that cannot be done.
    """
    report = {
        "version": 1,
        "plugin": __version__,
        "python": platform.python_version(),
        "seed": results.seed,
        "tests": _public(results.tests),
        "suite": None if results.audit is None else results.audit.as_json(),
        "stress": _public(results.stress),
        "speedups": _public(results.speedups),
    }
    _write(path, json.dumps(report, indent=1) + "\n")


def _public(rows: Rows) -> Rows:
    return [{key: value for key, value in row.items() if not key.startswith("_")} for row in rows]


def write_html(path: str, results: Results) -> None:
    """Write the page.

    Raises `OSError` where that cannot be done.
    """
    from ..trace._html import render

    suite = [] if results.audit is None else [line.strip() for line in results.audit.lines(verbose=False)]
    python = platform.python_version()
    page = render(
        results.tests,
        plugin=__version__,
        python=python,
        seed=results.seed,
        suite=suite,
        stress=results.stress,
        speedups=results.speedups,
    )
    _write(path, page)


def _write(path: str, text: str) -> None:
    # In place: PATH may be a link, a pipe or a device.
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
