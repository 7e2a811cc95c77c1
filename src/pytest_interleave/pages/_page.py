"""The HTML report: one page that needs nothing but a browser.

The data is laid out here; its look is in `templates`. Everything can be read without JavaScript.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ._found import EXPECTED, found_in, headline_of
from ._strategy_words import strategy_words
from ._timeline import lay_out
from ._totals import OUTCOMES, Totals

_ENDED_BY = {
    "seconds": "stopped at the time limit",
    "nothing to interleave": "nothing to interleave",
    "interrupted": "interrupted",
    "fixtures": "fixture error",
    "replay": "replayed from token",
}
#: Up to this many threads, each has a column wide enough for source text if the window is wide enough; with more, no
#: column has.
_MOST_COLUMNS = 8
#: Characters that must not reach a browser as they are: control characters, which may not be in a page; halves of
#: surrogate pairs, which cannot be written; and marks that turn the direction of text, which can make a line look like
#: another one.
_UNPRINTABLE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def render(
    rows: Sequence[Mapping[str, Any]],
    *,
    plugin: str,
    python: str,
    seed: int,
    suite: Sequence[str] = (),
    stress: Sequence[Mapping[str, Any]] = (),
    speedups: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the page for the tests of a run: for each its figures, as they go to the JSON report, and a few keys more.

    `_timeline` is what `Timeline.as_json()` returns, `_command` replays the finding, `_difference` says why it may not,
    `_hints` and `_warnings` are texts; `suite` are lines on all tests together. `stress` and `speedups` are as in the
    JSON report, the latter with `_text`. Whatever text is in any of them, the page is a valid one that can be written
    as UTF-8.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("pytest_interleave.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assert environment.loader is not None
    script, _, _ = environment.loader.get_source(environment, "report.js")
    tests = [_test(number, printable(dict(row))) for number, row in enumerate(rows, 1)]
    runs = []
    if stress:
        from ._stress_charts import lay_out_run

        runs = [lay_out_run(number, printable(dict(row))) for number, row in enumerate(stress, 1)]
    # What needs attention comes first; the rest is in the order of the run, with those of one kind together.
    entries = sorted([*tests, *runs], key=lambda entry: entry["order"])
    totals = Totals.of(rows, stress, speedups)
    return environment.get_template("report.html.jinja").render(
        entries=entries,
        has_stress=bool(runs),
        counts=totals.counts,
        headline=totals.headline,
        speedups=[printable((row["nodeid"], row["_text"])) for row in speedups],
        suite=[printable(line) for line in suite],
        plugin=plugin,
        python=python,
        seed=seed,
        most_columns=_MOST_COLUMNS,
        script=Markup(script),
        # Only this script may run, whatever else is in the page.
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def printable(value: Any) -> Any:
    """Return a value with escapes in place of the characters that must not be in a page."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
    if isinstance(value, Mapping):
        return {printable(key): printable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable(each) for each in value]
    return value


def _test(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of one test."""
    path, colons, name = row["nodeid"].partition("::")
    timeline = row.get("_timeline")
    planned, ended_by = row.get("_planned"), row.get("_ended_by", "")
    schedules = str(row["schedules"])
    if planned is not None and ended_by != "replay" and planned != row["schedules"]:
        schedules += f" of up to {planned}"
    if ended_by in _ENDED_BY:
        schedules += f" ({_ENDED_BY[ended_by]})"
    finding = row["finding"]
    return {
        "id": f"test-{number}",
        "kind": "controlled",
        "order": (row["outcome"] != "failed", finding is None),
        "nodeid": row["nodeid"],
        "path": path + colons,
        "name": name,
        "outcome": row["outcome"],
        "shade": row["outcome"] if row["outcome"] in OUTCOMES else "skipped",
        "figures": [
            ("Schedules", schedules),
            ("Shards", _shards(row)),
            ("Distinct", str(row["distinct"])),
            ("Coverage", row["coverage"]["text"]),
            ("Found in schedule", None if row["found_at"] is None else str(row["found_at"])),
            ("Strategy", strategy_words(row["strategy"])),
            ("Preemptions", None if finding is None else _switches(finding)),
        ],
        "seconds": f"{row['seconds']:.2f} s",
        "said": _said(row),
        "headline": None if finding is None else headline_of(row),
        "finding": finding,
        "message": None if finding is None else _message(finding["message"]),
        "command": row.get("_command"),
        "difference": row.get("_difference"),
        "hints": row.get("_hints", []),
        "warnings": row.get("_warnings") or [],
        # There is no command for a failure in which the order of threads has no part.
        "replays": "_command" not in row or row["_command"] is not None,
        "notes": (timeline or {}).get("notes", ()),
        "evidence": (timeline or {}).get("evidence", ()),
        "help": "" if finding is None else finding.get("help") or "",
        "chart": None if timeline is None else lay_out(timeline),
    }


def _shards(row: Mapping[str, Any]) -> str | None:
    if "shards" not in row:
        return None
    ran, shards = row["shards_run"], row["shards"]
    return str(shards) if ran == shards else f"{ran} of {shards} were run"


def _switches(finding: Mapping[str, Any]) -> str | None:
    """Return the number of preemptions as text; None if it is not known."""
    switches, before = finding["preemptions"], finding.get("shrunk_from")
    if switches is None:
        return None
    return str(switches) if before in (None, switches) else f"{switches}, shrunk from {before}"


def _said(row: Mapping[str, Any]) -> str:
    """Return the text for the list of tests."""
    ended_by, coverage = row.get("_ended_by", ""), row["coverage"]["text"]
    if row["finding"] is not None:
        return found_in(row)
    text = f"{_ENDED_BY[ended_by]}; {coverage}" if ended_by == "seconds" else _ENDED_BY.get(ended_by, coverage)
    return f"{EXPECTED}; {text}" if row["outcome"] == "xfailed" else str(text)


def _message(text: str) -> tuple[str, str]:
    """Return the first line, and the others."""
    first, _, rest = text.partition("\n")
    return first, rest
