"""What a report says of an exploration: the text under a failure, and the figures that travel to the controller."""

from __future__ import annotations

import os
import shlex
from typing import Any

import pytest

from ._runner import Exploration
from ._shards import WHOLE, nodeid_of


def failure_text(item: pytest.Item, exploration: Exploration) -> str:
    """What stands under the traceback; the last line reproduces the failure."""
    finding = exploration.finding
    assert finding is not None
    assert exploration.token is not None
    lines = [_headline(exploration), ""]
    if exploration.difference:
        lines += [exploration.difference, ""]
    if exploration.table:
        lines += [exploration.table, ""]
    lines += ["To see exactly this again:", replay_command(item, str(exploration.token))]
    return "\n".join(lines)


def mend(report: pytest.TestReport) -> None:
    """Take away what pytest says of an exception without a traceback of its own, as a group of threads' is.

    It says that all was hidden and that --full-trace would help; nothing is, and it would not.
    """
    for traceback, *_ in getattr(report.longrepr, "chain", ()):
        if (getattr(traceback, "extraline", None) or "").startswith("All traceback entries are hidden"):
            traceback.extraline = None


def outcome_of(report: pytest.TestReport) -> str:
    """The outcome as pytest shows it."""
    if hasattr(report, "wasxfail"):
        return "xpassed" if report.outcome == "passed" else "xfailed"
    return report.outcome


def add_text(report: pytest.TestReport, text: str) -> None:
    """Put `text` under what the report shows of the failure, whatever form that has."""
    add_section = getattr(report.longrepr, "addsection", None)
    if add_section is not None:
        add_section("interleaving", text)
    else:
        report.longrepr = f"{report.longrepr}\n\n{text}"


def _headline(exploration: Exploration) -> str:
    finding = exploration.finding
    assert finding is not None
    if exploration.ended_by == "replay":
        return f"{finding.kind}, in the schedule of the token"
    settings = exploration.settings
    switches = exploration.token.switches if exploration.token is not None else 0
    return (
        f"{finding.kind} in schedule {exploration.found_at} of at most {settings.schedules} "
        f"(strategy {exploration.strategy}, seed {settings.seed}, {switches} switch{'' if switches == 1 else 'es'})"
    )


def replay_command(item: pytest.Item, token: str) -> str:
    """One line that runs the test under the token's schedule."""
    path, colons, rest = nodeid_of(item).partition("::")
    # Not by `config.cwd_relative_nodeid`, which takes different things in different versions of pytest.
    here = item.config.invocation_params.dir
    try:
        path = os.path.relpath(item.config.rootpath / path, here)
    except ValueError:
        # On another drive.
        path = str(item.config.rootpath / path)
    nodeid = path + colons + rest
    quoted = shlex.quote(nodeid) if "'" in nodeid else f"'{nodeid}'"
    return f"pytest {quoted} --interleave-replay={token}"


def figures(item: pytest.Item, exploration: Exploration, outcome: str) -> dict[str, Any]:
    """The entry of one test in the JSON report, with a few more that only the summary uses (`_…`)."""
    finding = exploration.finding
    told = None
    if finding is not None:
        assert exploration.token is not None
        told = {
            "kind": finding.kind,
            "message": finding.message,
            "token": str(exploration.token),
            "switches": exploration.token.switches,
        }
    return {
        "nodeid": nodeid_of(item),
        "marker": "concurrency",
        "outcome": outcome,
        "schedules": exploration.schedules,
        "distinct": exploration.coverage.classes,
        "exhausted": exploration.coverage.status == "exhausted",
        "coverage": exploration.coverage.as_json(),
        "found_at": exploration.found_at,
        "strategy": exploration.strategy or exploration.settings.strategy,
        "seconds": round(exploration.seconds, 4),
        "finding": told,
        "_ended_by": exploration.ended_by,
        "_planned": exploration.settings.schedules,
        **_of_shard(exploration),
    }


def _of_shard(exploration: Exploration) -> dict[str, Any]:
    """What it takes to put the figures of a test's shards together."""
    shard = exploration.settings.shard
    if shard == WHOLE:
        return {}
    return {
        "_shard": shard.number,
        "_shards": shard.of,
        # As texts: pytest-xdist hands on no negative number of that size.
        "_classes": {f"{found & 0xFFFF_FFFF_FFFF_FFFF:x}": count for found, count in exploration.classes.items()},
        "_certain": exploration.certain,
    }
