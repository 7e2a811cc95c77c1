"""Merges the figures of a test's shards: reports are about tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..running._ended_by import EXHAUSTED, FIXTURES, INTERRUPTED, SCHEDULES, SECONDS, SKIP
from ..settings._shards import part_of

if TYPE_CHECKING:
    from ...control import Uncontrolled

#: A test has the first of these outcomes that any of its shards has.
_OUTCOMES = ("failed", "interrupted", "xfailed", "skipped", "xpassed", "passed")
#: Endings that cut the search of a shard short, the worst first.
_ENDED_EARLY = (INTERRUPTED, FIXTURES, SECONDS, SKIP)

#: Figures of a test or of one of its shards.
Row = dict[str, Any]


class _Proved(NamedTuple):
    """The proofs of the searches of all shards together, in the place of a strategy."""

    exhausted: bool
    preemptions: int | None


def row_without_figures(nodeid: str) -> Row | None:
    """Return a row for a shard that has failed without figures, as its process has died; None for other tests."""
    part = part_of(nodeid)
    if part is None:
        return None
    whole, shard = part
    return {"nodeid": whole, "outcome": "failed", "_shard": shard.number, "_shards": shard.of, "_classes": None}


def merged(rows: list[Row]) -> list[Row]:
    """Merge the rows of shards: return one row for each test, in the order of the reports."""
    together: list[list[Row]] = []
    # The number of rows by test and shard: more than one if a plugin runs the tests several times.
    times: dict[tuple[str, int], int] = {}
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        number = row.get("_shard")
        if number is None:
            together.append([row])
            continue
        which = row["nodeid"], number
        times[which] = times.get(which, 0) + 1
        key = row["nodeid"], times[which]
        if key not in found:
            found[key] = []
            together.append(found[key])
        found[key].append(row)
    tests = [parts[0] if "_shard" not in parts[0] else _of_shards(parts) for parts in together]
    return [test for test in tests if test is not None]


def _of_shards(parts: list[Row]) -> Row | None:
    """Merge the rows of one test; return None if no shard has figures."""
    from ...control import Reasons
    from ...explore import Classes

    ran = sorted((part for part in parts if part["_classes"] is not None), key=lambda part: part["_shard"])
    if not ran:
        return None
    failed = [part for part in ran if part["finding"] is not None]
    first = min(failed, key=_how_soon) if failed else ran[0]
    classes = Classes()
    for part in ran:
        classes.include({int(found, 16): count for found, count in part["_classes"].items()})
    proved = _Proved(
        # Every class that any shard knows has to be one of the search's.
        any(part["exhaustive"] and len(part["_classes"]) == len(classes) for part in ran),
        max((bound for part in ran if (bound := part["coverage"]["preemptions"]) is not None), default=None),
    )
    coverage = classes.coverage(
        proved,
        timed=any(part["coverage"]["timed"] for part in ran),
        uncontrolled=Reasons(reason for part in ran for reason in _uncontrolled(part)).all(),
        shares=any(part["coverage"]["shares"] for part in ran),
        interleaved=any(part["coverage"]["status"] != "nothing_interleaved" for part in ran),
        explored_steps=min(
            (steps for part in ran if (steps := part["coverage"]["explored_steps"]) is not None), default=None
        ),
    )
    row = {
        **first,
        "outcome": min((part["outcome"] for part in parts), key=_OUTCOMES.index),
        "schedules": sum(part["schedules"] for part in ran),
        "distinct": coverage.classes,
        "exhaustive": coverage.status == "exhaustive",
        "coverage": coverage.as_json(),
        "seconds": round(sum(part["seconds"] for part in ran), 4),
        "repeatable": all(part["repeatable"] for part in ran),
        "lost": next((part["lost"] for part in ran if part["lost"] is not None), None),
        "shards": first["_shards"],
        "shards_run": len(ran),
        "_ended_by": _ended_by(ran, exhaustive=coverage.status == "exhaustive"),
        "_planned": sum(part["_planned"] for part in ran),
        "_remembered": {token: found for part in ran for token, found in part["_remembered"].items()},
        "_warnings": list(dict.fromkeys(text for part in ran for text in part["_warnings"])),
    }
    for key in ("_shard", "_shards", "_classes"):
        del row[key]
    return row


def _uncontrolled(part: Row) -> Iterator[Uncontrolled]:
    from ...control import Uncontrolled

    return (Uncontrolled.from_json(reason) for reason in part["coverage"]["uncontrolled"])


def _how_soon(part: Row) -> tuple[int, int, int]:
    """Return a sort key for findings: failures come before expected ones, then earlier schedules before later ones."""
    return _OUTCOMES.index(part["outcome"]), part["found_at"], part["_shard"]


def _ended_by(ran: list[Row], *, exhaustive: bool) -> str:
    ends = {str(part["_ended_by"]) for part in ran}
    if len(ends) == 1:
        return ends.pop()
    if exhaustive:
        return EXHAUSTED
    return next((end for end in _ENDED_EARLY if end in ends), SCHEDULES)
