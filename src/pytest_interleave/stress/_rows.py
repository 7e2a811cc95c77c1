"""Stress runs as rows of the JSON report, and what all other reports say about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def has_missed(row: Row) -> bool:
    """Whether a run missed a threshold, a thread hung, or the check failed, and that was not expected."""
    return bool(row["missed"]) and row["outcome"] != "xfailed"


def is_wrong(row: Row) -> bool:
    """Whether something was missed, or the test failed otherwise."""
    return row["outcome"] == "failed" or has_missed(row)


def has_figures(row: Row) -> bool:
    """Whether a run has figures: one that was skipped at once has none."""
    return bool(row["operations"]) or row["outcome"] == "failed"


def worst_first(rows: Iterable[Row]) -> list[Row]:
    """Return the runs that have figures: first those that missed something, then those that failed, then the others.

    Runs of one kind are in the order of the run.
    """
    reported = [row for row in rows if has_figures(row)]
    return sorted(reported, key=lambda row: (not is_wrong(row), not has_missed(row)))


def label(row: Row) -> str:
    """Return a name for a run among all of them."""
    nodeid = str(row["nodeid"])
    return nodeid if row["marker"] is not None else f"{nodeid} {row['name']}"


def place_of(group: Row) -> str:
    """Return the place where exceptions of a group were raised."""
    return f"{group['file']}:{group['line']}" if group["file"] else "other places"


def hung_lines(row: Row) -> list[str]:
    """Return a line for each place where threads hung, with the names of the first ones."""
    together: dict[str, list[str]] = {}
    for thread in row["hung"]:
        how = "" if thread["ended"] else ", could not be stopped"
        together.setdefault(f"hung at {thread['where']}{how}", []).append(thread["name"])
    lines = []
    for text, names in together.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(f"{', '.join(names[:_NAMED])}{more} {text}")
    return lines


#: At most this many threads that hung at the same place are named; of the rest, only the number is given.
_NAMED = 3


def outcomes_of_tests(rows: Sequence[Row]) -> list[str]:
    """Return one outcome for each test, which may have several runs."""
    return list({row["nodeid"]: str(row["outcome"]) for row in rows}.values())
