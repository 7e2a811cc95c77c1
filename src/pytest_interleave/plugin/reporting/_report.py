"""What a report says of an exploration: the text under a failure, and the figures that travel to the controller."""

from __future__ import annotations

import os
import shlex
import textwrap
from typing import Any

import pytest

from ...trace import Timeline, interleaving_table
from ..known._known_schedules import PINNED, REMEMBERED
from ..running._exploration import Exploration
from ..settings._shards import WHOLE, nodeid_of
from ..settings._suite import is_of_suite

#: The title of what stands under a failure.
SECTION = "interleaving"


def failure_text(item: pytest.Item, exploration: Exploration, width: int) -> str:
    """What stands under the traceback; the last line reproduces the failure."""
    explanation = exploration.explanation
    assert explanation is not None
    parts = [_headline(exploration)]
    if explanation.difference:
        parts.append(explanation.difference)
    parts += [_filled(hint, width) for hint in explanation.hints]
    timeline = explanation.timeline
    if timeline is not None:
        if timeline.story:
            parts.append(_filled(timeline.story, width))
        parts.append(interleaving_table(timeline, width))
    again = "To see exactly this again" if explanation.repeatable else "To run this schedule again"
    parts.append(f"{again}:\n{replay_command(item, str(explanation.token))}")
    return "\n\n".join(parts)


def _filled(text: str, width: int) -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


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
        add_section(SECTION, text)
    else:
        report.longrepr = f"{report.longrepr}\n\n{text}"


def _headline(exploration: Exploration) -> str:
    explanation = exploration.explanation
    assert explanation is not None
    kind = explanation.finding.kind
    switches = explanation.switches
    told = [] if switches is None else [f"{switches} switch{'' if switches == 1 else 'es'}"]
    if switches is not None and explanation.switches_before not in (None, switches):
        told.append(f"shrunk from {explanation.switches_before}")
    if exploration.ended_by == "replay":
        return f"{kind}, in the schedule of the token{_in_brackets(told)}"
    settings, planned = exploration.settings, exploration.settings.schedules
    if exploration.strategy == PINNED:
        told.insert(0, "pinned by the marker interleaving")
    elif exploration.strategy == REMEMBERED:
        told.insert(0, "remembered from an earlier run")
    else:
        planned = exploration.planned
        told[:0] = [f"strategy {exploration.strategy}", f"seed {settings.seed}"]
    most = f" of at most {planned}" if settings.explored else ""
    return f"{kind} in schedule {exploration.found_at}{most}{_in_brackets(told)}"


def _in_brackets(told: list[str]) -> str:
    return f" ({', '.join(told)})" if told else ""


def replay_command(item: pytest.Item, token: str) -> str:
    """One line that runs the test under the token's schedule."""
    path, colons, rest = nodeid_of(item).partition("::")
    # Not by `config.cwd_relative_nodeid`, which takes different things in different versions of pytest.
    file = item.config.rootpath / path
    if not file.is_file():
        # The test is not under the rootdir: its node id does not say where it is.
        file = item.path
    try:
        path = os.path.relpath(file, item.config.invocation_params.dir)
    except ValueError:
        # On another drive.
        path = str(file)
    nodeid = path + colons + rest
    quoted = shlex.quote(nodeid) if "'" in nodeid else f"'{nodeid}'"
    options = item.config.option
    # What makes it another test without.
    words = [] if options.inifilename is None else ["-c", str(options.inifilename)]
    words += [] if options.rootdir is None else [f"--rootdir={options.rootdir}"]
    words += [word for setting in options.override_ini or () for word in ("-o", setting)]
    if is_of_suite(item):
        words.append(f"--interleave-suite={item.config.getoption('--interleave-suite')}")
    return " ".join(("pytest", quoted, *map(shlex.quote, words), f"--interleave-replay={token}"))


def figures(item: pytest.Item, exploration: Exploration, outcome: str, *, page: bool) -> dict[str, Any]:
    """The entry of one test in the JSON report, with a few more for the summary and, with `page`, for HTML (`_…`)."""
    explanation = exploration.explanation
    timeline = None if explanation is None else explanation.timeline
    told: dict[str, Any] | None = None
    if explanation is not None:
        told = {
            "kind": explanation.finding.kind,
            "message": explanation.finding.message,
            "token": str(explanation.token),
            "switches": explanation.switches,
            "shrunk_from": explanation.switches_before,
            "shrink_seconds": round(explanation.seconds, 4),
            "story": None if timeline is None else timeline.story,
            "repeatable": explanation.repeatable,
            "needs": ["timeouts"] if explanation.time_passed else [],
        }
        if explanation.simplest is not None:
            told["simplest"] = explanation.simplest
    return {
        "nodeid": nodeid_of(item),
        "marker": exploration.settings.marker,
        "outcome": outcome,
        "schedules": exploration.schedules,
        "distinct": exploration.coverage.classes,
        "exhausted": exploration.coverage.status == "exhausted",
        "coverage": exploration.coverage.as_json(),
        "found_at": exploration.found_at,
        "strategy": exploration.strategy or exploration.settings.strategy,
        "seconds": round(exploration.seconds, 4),
        "repeatable": exploration.unrepeatable is None,
        "finding": told,
        "lost": exploration.lost,
        "_command": None if explanation is None else replay_command(item, str(explanation.token)),
        "_hints": [] if explanation is None else explanation.hints,
        "_difference": exploration.lost if explanation is None else explanation.difference,
        "_timeline": _for_page(timeline) if page and timeline is not None else None,
        "_warnings": list(exploration.warnings),
        "_ended_by": exploration.ended_by,
        "_suite": exploration.settings.suite,
        "_planned": exploration.planned,
        "_limit": exploration.settings.seconds,
        "_remembered": {
            str(given.token): given.found
            for given in exploration.given
            if given.origin == REMEMBERED and given.found is not None
        },
        "_to_remember": str(explanation.token) if explanation is not None and _is_worth_it(exploration) else None,
        **_of_shard(exploration),
    }


def _for_page(timeline: Timeline) -> dict[str, Any]:
    from ...pages import printable

    shown: dict[str, Any] = printable(timeline.as_json())
    return shown


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
    }


def properties(exploration: Exploration) -> list[tuple[str, object]]:
    """What reports in other forms, such as JUnit XML, say of the test."""
    found: list[tuple[str, object]] = [
        ("interleave_schedules", exploration.schedules),
        ("interleave_coverage", str(exploration.coverage)),
        ("interleave_status", exploration.coverage.status),
    ]
    if exploration.explanation is not None:
        found += [
            ("interleave_finding", exploration.explanation.finding.kind),
            ("interleave_token", str(exploration.explanation.token)),
        ]
    return found


def _is_worth_it(exploration: Exploration) -> bool:
    """Whether the schedule of a finding is to be remembered: not one that the source or the user has."""
    return exploration.ended_by != "replay" and exploration.strategy != PINNED
