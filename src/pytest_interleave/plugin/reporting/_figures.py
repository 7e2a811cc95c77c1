"""The figures of one test as plain data: they travel with its report to the process that reports on the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ...trace import Timeline
from ..known._known_schedules import PINNED, REMEMBERED
from ..running._ended_by import REPLAY
from ..running._exploration import Exploration
from ..running.explanations._explanation import Explanation
from ..settings._shards import WHOLE, nodeid_of
from ._report import replay_command


def figures(item: pytest.Item, exploration: Exploration, outcome: str, *, page: bool) -> dict[str, Any]:
    """Return the entry of one test in the JSON report, and keys with `_` for the summary and, with `page`, for HTML."""
    explanation = exploration.explanation
    timeline = None if explanation is None or explanation.no_race else explanation.timeline
    finding: dict[str, Any] | None = None
    if explanation is not None:
        finding = {
            "kind": explanation.finding.kind,
            "bug": explanation.bug,
            "message": explanation.finding.message,
            "help": explanation.help or None,
            "token": str(explanation.token),
            "preemptions": explanation.switches,
            "shrunk_from": explanation.switches_before,
            "shrink_seconds": round(explanation.seconds, 4),
            "story": None if timeline is None else timeline.story or None,
            "repeatable": explanation.repeatable,
            "needs": ["timeouts"] if explanation.time_passed else [],
        }
        if explanation.simplest is not None:
            finding["simplest"] = explanation.simplest
    return {
        "nodeid": nodeid_of(item),
        "marker": exploration.settings.marker,
        "outcome": outcome,
        "schedules": exploration.schedules,
        "distinct": exploration.coverage.classes,
        "exhaustive": exploration.coverage.status == "exhaustive",
        "coverage": exploration.coverage.as_json(),
        "found_at": exploration.found_at,
        "strategy": exploration.strategy or exploration.settings.strategy,
        "seconds": round(exploration.seconds, 4),
        "repeatable": exploration.unrepeatable is None,
        "finding": finding,
        "lost": exploration.lost,
        "_command": _command(item, explanation),
        "_no_race": None if explanation is None else explanation.no_race or None,
        "_hints": [] if explanation is None else _hints(explanation),
        "_difference": exploration.lost if explanation is None else explanation.difference,
        "_timeline": _for_page(timeline) if page and timeline is not None else None,
        "_warnings": list(exploration.warnings),
        "_ended_by": exploration.ended_by,
        "_suite": exploration.settings.suite,
        "_planned": exploration.planned,
        "_limit": exploration.settings.seconds,
        "_remembered": {
            str(known.token): known.found
            for known in exploration.known
            if known.origin == REMEMBERED and known.found is not None
        },
        "_to_remember": str(explanation.token) if explanation is not None and _is_worth_it(exploration) else None,
        **_of_shard(exploration),
    }


def _command(item: pytest.Item, explanation: Explanation | None) -> str | None:
    """Return the command that replays a finding; None for a failure in which the order of threads has no part."""
    if explanation is None or explanation.no_race:
        return None
    return replay_command(item, str(explanation.token))


def _hints(explanation: Explanation) -> list[str]:
    """Return sentences besides what happened, and why it is no race."""
    return [explanation.no_race, *explanation.hints] if explanation.no_race else explanation.hints


def _for_page(timeline: Timeline) -> dict[str, Any]:
    from ...pages import printable

    shown: dict[str, Any] = printable(timeline.as_json())
    return shown


def _of_shard(exploration: Exploration) -> dict[str, Any]:
    """Return the keys that are needed to merge the figures of a test's shards; none if the test is not split."""
    shard = exploration.settings.shard
    if shard == WHOLE:
        return {}
    return {
        "_shard": shard.number,
        "_shards": shard.of,
        # As texts: pytest-xdist does not send negative numbers of that size.
        "_classes": {f"{found & 0xFFFF_FFFF_FFFF_FFFF:x}": count for found, count in exploration.classes.items()},
    }


def properties(row: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return the figures of a test, as `figures` returns them, for reports in other forms, such as JUnit XML."""
    found: list[tuple[str, object]] = [
        ("interleave_schedules", row["schedules"]),
        ("interleave_coverage", row["coverage"]["text"]),
        ("interleave_status", row["coverage"]["status"]),
    ]
    finding = row["finding"]
    if finding is not None:
        found.append(("interleave_finding", finding["kind"]))
        if finding.get("bug"):
            found.append(("interleave_bug", finding["bug"]))
        found.append(("interleave_token", finding["token"]))
    return found


def _is_worth_it(exploration: Exploration) -> bool:
    """Whether the schedule of a finding is saved for the next run: not one that the source or the command line has."""
    return exploration.ended_by != REPLAY and exploration.strategy != PINNED
