"""Stress runs as they stand in the JSON report: what all other reports say of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def has_missed(row: Row) -> bool:
    """Whether it missed a threshold, a thread hung, or the check failed; and nobody expected that."""
    return bool(row["missed"]) and row["outcome"] != "xfailed"


def is_wrong(row: Row) -> bool:
    """Whether something was missed, or the test failed otherwise."""
    return row["outcome"] == "failed" or has_missed(row)


def has_figures(row: Row) -> bool:
    """Not where the run was skipped at once."""
    return bool(row["operations"]) or row["outcome"] == "failed"


def worst_first(rows: Iterable[Row]) -> list[Row]:
    """Those that have figures: first what missed something, then what failed, else in the order of the run."""
    told = [row for row in rows if has_figures(row)]
    return sorted(told, key=lambda row: (not is_wrong(row), not has_missed(row)))


def label(row: Row) -> str:
    """What the run is called among all of them."""
    nodeid = str(row["nodeid"])
    return nodeid if row["marker"] is not None else f"{nodeid} {row['name']}"


def place_of(group: Row) -> str:
    """Where exceptions of a group were raised."""
    return f"{group['file']}:{group['line']}" if group["file"] else "other places"


def hung_lines(row: Row) -> list[str]:
    """One for each place where threads hung, with the names of the first ones."""
    together: dict[str, list[str]] = {}
    for thread in row["hung"]:
        how = "" if thread["ended"] else ", could not be ended"
        together.setdefault(f"hung at {thread['where']}{how}", []).append(thread["name"])
    lines = []
    for text, names in together.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(f"{', '.join(names[:_NAMED])}{more} {text}")
    return lines


#: So many threads that hung at the same place are named.
_NAMED = 3


def outcomes_of_tests(rows: Sequence[Row]) -> list[str]:
    """One for each test: it may have several runs."""
    return list({row["nodeid"]: str(row["outcome"]) for row in rows}.values())
