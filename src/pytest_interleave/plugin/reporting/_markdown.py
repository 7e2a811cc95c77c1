"""Writes the report as a comment on a pull request: failures first, and never longer than a comment may be."""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Callable, Sequence

from ..._version import __version__
from ...pages import EXPECTED, Totals
from ...stress import (
    Row,
    cells,
    error_line,
    has_figures,
    has_missed,
    hung_lines,
    is_wrong,
    label,
    place_of,
    worst_first,
)
from ._markdown_text import Comment, code, fenced, folded, shortened, summary
from ._results import Results
from .sections._tests import text_of

#: A table with more rows than this has those that passed in a fold.
ROWS = 20
#: At most this many characters of a message, and of a traceback or stack, are shown; the middle is cut.
_MESSAGE, _TRACEBACK = 1_500, 3_000
#: Stories are wrapped after this many characters, as browsers do not wrap code.
_WIDTH = 100
#: Each section takes at most this share of the room that is left in the comment; further rows are left out.
_FAILED, _STRESS, _TABLE, _STRESS_TABLE, _ERRORS = 0.4, 0.4, 0.5, 0.7, 0.7


def markdown_of(results: Results) -> str:
    """Return the comment; it ends with a sentence on what was left out, if anything."""
    comment = Comment()
    comment.add(_head(results))
    _add_failed(comment, results.tests)
    _add_missed(comment, results.stress)
    _add_tests(comment, results.tests)
    _add_stress(comment, results.stress)
    _add_errors(comment, results.stress)
    lines = [f"- {code(row['nodeid'])}: {row['_text']}\n" for row in results.speedups]
    comment.add_rows("### Speed-ups\n\n", lines, "\n", "speed-up")
    return comment.text()


def _head(results: Results) -> str:
    totals = Totals.of(results.tests, results.stress, results.speedups)
    lines = []
    if results.tests:
        schedules = sum(row["schedules"] for row in results.tests)
        failed = totals.controlled["failed"]
        lines.append(
            f"- interleaved: {_many(len(results.tests), 'test')}, {failed or 'none'} failed, "
            f"{_many(schedules, 'schedule')}"
        )
    if results.stress:
        lines.append(f"- stress: {_many(totals.runs, 'run')}, {totals.missed_text}")
    audit = results.audit
    if audit is not None:
        first, *others = audit.texts
        lines += [f"- {first}", *(f"  - {code(line)}" for line in others)]
    if results.speedups:
        lines.append(f"- {_many(totals.speedups, 'speed-up')} measured")
    lines.append(f"- seed {results.seed}, Python {platform.python_version()}, pytest-interleave {__version__}")
    return f"## {totals.headline}\n\n" + "\n".join(lines) + "\n\n"


# -- what is wrong ---------------------------------------------------------------------------------------------------


def _add_failed(comment: Comment, rows: Sequence[Row]) -> None:
    failed = [row for row in rows if row["outcome"] == "failed"]
    comment.add_rows("### Failures\n\n", map(_failed, failed), "", "failed test", share=_FAILED)


def _failed(row: Row) -> str:
    finding = row["finding"]
    if finding is None:
        head = summary(row["nodeid"], "failed")
        texts = [text_of(row), *_texts(row["_difference"])]
    else:
        where = "" if row["found_at"] is None else f"in schedule {row['found_at']}"
        bug = finding.get("bug")
        head = summary(row["nodeid"], "" if bug else finding["kind"], bug or "", where)
        texts = [shortened(finding["message"], _MESSAGE)]
        helps = f"help: {finding['help']}" if finding.get("help") else None
        texts += [_wrapped(text) for text in _texts(finding["story"], *row["_hints"], helps, row["_difference"])]
    parts = [fenced("\n\n".join(texts), "text")]
    if row["_command"] is not None:
        parts.append(fenced(row["_command"], "sh"))
    return folded(head, parts)


def _add_missed(comment: Comment, rows: Sequence[Row]) -> None:
    missed = [row for row in worst_first(rows) if has_missed(row) or (is_wrong(row) and row["errors"])]
    comment.add_rows("### Stress\n\n", map(_missed, missed), "", "stress run", share=_STRESS)


def _missed(row: Row) -> str:
    texts = list(row["missed"])
    texts += [error_line(group, place_of(group)) for group in row["errors"][:10]]
    texts += hung_lines(row)[:10]
    parts = [fenced("\n".join(shortened(text, _MESSAGE) for text in texts), "text")]
    first = [group["traceback"] for group in row["errors"] if group["traceback"]]
    stacks = [f"{thread['name']} hung\n{thread['stack']}" for thread in row["hung"] if thread["stack"]]
    parts += [fenced(shortened(text, _TRACEBACK), "text") for text in (*first[:1], *stacks[:2])]
    if not row["missed"]:
        return folded(summary(label(row), "the test failed"), parts)
    return folded(summary(label(row), "missed", row["missed"][0]), parts)


def _texts(*texts: str | None) -> list[str]:
    return [text for text in texts if text]


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.fill(line, _WIDTH, break_long_words=False) for line in text.splitlines())


# -- a row a test ----------------------------------------------------------------------------------------------------


def _add_tests(comment: Comment, rows: Sequence[Row]) -> None:
    ordered = sorted(rows, key=lambda row: row["outcome"] != "failed")
    wrong = [row for row in ordered if row["outcome"] == "failed"]
    head = "| test | schedules | coverage | outcome |\n|---|---:|---|---|\n"
    _add_table(comment, "### Concurrency tests\n\n", head, ordered, len(wrong), _row_of_test, "test", _TABLE)


def _row_of_test(row: Row) -> str:
    finding = row["finding"]
    outcome = _outcome(row)
    if finding is not None:
        outcome += f": {code(finding['bug'], cell=True) if finding.get('bug') else finding['kind']}"
    return _row(code(row["nodeid"], cell=True), f"{row['schedules']:,}", row["coverage"]["text"], outcome)


def _outcome(row: Row) -> str:
    return EXPECTED if row["outcome"] == "xfailed" else str(row["outcome"])


def _add_stress(comment: Comment, rows: Sequence[Row]) -> None:
    ordered = worst_first(rows)
    ordered += [row for row in rows if not has_figures(row)]
    wrong = sum(map(is_wrong, ordered))
    head = (
        "| run | threads | operations | ok % | ops/s | p50 | p99 | max | fairness | errors | outcome |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n"
    )
    _add_table(comment, "### Stress runs\n\n", head, ordered, wrong, _row_of_run, "stress run", _STRESS_TABLE)


def _row_of_run(row: Row) -> str:
    return _row(
        code(label(row), cell=True),
        f"{row['threads']:,}",
        *cells(row),
        f"{_outcome(row)}, missed" if has_missed(row) else _outcome(row),
    )


def _add_table(
    comment: Comment,
    title: str,
    head: str,
    rows: Sequence[Row],
    wrong: int,
    line: Callable[[Row], str],
    what: str,
    share: float,
) -> None:
    """Add a table; the first `wrong` rows are failures, and the others are folded if there are many."""
    lines = [line(row) for row in rows]
    if len(lines) <= ROWS:
        comment.add_rows(title + head, lines, "\n", f"row of a {what}", share=share)
        return
    bad, fine = lines[:wrong], lines[wrong:]
    comment.add_rows(title + head, bad, "\n", f"row of a {what}", share=share)
    fold = f"<details>\n<summary>{_many(len(fine), what)} that did not fail</summary>\n\n{head}"
    comment.add_rows(fold if bad else title + fold, fine, "\n</details>\n\n", f"row of a {what}", share=share)


def _add_errors(comment: Comment, rows: Sequence[Row]) -> None:
    groups = [(group, row) for row in worst_first(rows) for group in row["errors"]]
    lines = [
        _row(
            f"{group['count']:,}",
            code(group["type"], cell=True),
            code(place_of(group), cell=True),
            f"{group['threads']:,}",
            code(shortened(group["message"], 200), cell=True),
            code(label(row), cell=True),
        )
        for group, row in groups
    ]
    head = "| count | error | at | threads | first message | run |\n|---:|---|---|---:|---|---|\n"
    comment.add_rows(f"### Stress errors\n\n{head}", lines, "\n", "group of errors", share=_ERRORS)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
