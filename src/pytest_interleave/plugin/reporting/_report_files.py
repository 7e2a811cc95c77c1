"""Writes the reports that go to files: JSON, HTML and Markdown."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping

from ..._version import __version__
from ._results import Results, Rows


def write_reports(paths: Mapping[str, str | None], results: Results) -> list[str]:
    """Write each report that has a path; return a message for each that could not be written."""
    unwritten = []
    for name, write in (("json", write_json), ("html", write_html), ("markdown", write_markdown)):
        path = paths[name]
        if path is None:
            continue
        try:
            write(path, results)
        except OSError as error:
            # Not raised: that would prevent the report in the terminal, which follows.
            unwritten.append(f"--interleave-{name}: cannot write {path}: {error.strerror or error}")
    return unwritten


def write_json(path: str, results: Results) -> None:
    """Write the JSON report.

    Raises `OSError` if the file cannot be written.
    """
    audit = results.audit
    report = {
        "version": 1,
        "plugin": __version__,
        "python": platform.python_version(),
        "seed": results.seed,
        "tests": _public(results.tests),
        "suite": None if audit is None else audit.as_json(),
        "exempt": [{"nodeid": nodeid, "reason": reason} for nodeid, reason in dict(results.exempt).items()],
        "stress": _public(results.stress),
        "speedups": _public(results.speedups),
    }
    _write(path, json.dumps(report, indent=1) + "\n")


def _public(rows: Rows) -> Rows:
    return [{key: value for key, value in row.items() if not key.startswith("_")} for row in rows]


def write_html(path: str, results: Results) -> None:
    """Write the HTML page.

    Raises `OSError` if the file cannot be written.
    """
    from ...pages import render

    audit = results.audit
    suite = [] if audit is None else audit.texts
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


def write_markdown(path: str, results: Results) -> None:
    """Write the Markdown comment for a pull request.

    Raises `OSError` if the file cannot be written.
    """
    from ._markdown import markdown_of

    _write(path, markdown_of(results))


def _write(path: str, text: str) -> None:
    # In place: PATH may be a link, a pipe or a device.
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
