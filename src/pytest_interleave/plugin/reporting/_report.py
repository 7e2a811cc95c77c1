"""The text under a failure: what was found, how it happened, and the command that replays it."""

from __future__ import annotations

import os
import shlex
import sys
import textwrap

import pytest

from ...pages import strategy_words
from ...trace import evidence_lines, interleaving_table
from ..known._known_schedules import PINNED, REMEMBERED
from ..running._ended_by import REPLAY
from ..running._exploration import Exploration
from ..settings._shards import nodeid_of
from ..settings._suite import is_of_suite


def failure_text(item: pytest.Item, exploration: Exploration, width: int) -> str:
    """Return the text under the traceback: the bug, the evidence, what helps, the table, and how it was found.

    Its last line is the command that reproduces the failure, except for a failure in which the order of threads has no
    part.
    """
    explanation = exploration.explanation
    assert explanation is not None
    timeline = None if explanation.no_race else explanation.timeline
    parts = [_filled(explanation.headline, width)]
    if timeline is not None:
        if timeline.evidence:
            parts.append("\n".join(evidence_lines(timeline, width)))
        parts += [_filled(note, width) for note in timeline.notes]
    parts += [_filled(hint, width) for hint in explanation.hints]
    if explanation.help:
        parts.append(_filled(f"help: {explanation.help}", width, " " * len("help: ")))
    if timeline is not None:
        parts.append(interleaving_table(timeline, width))
    if explanation.difference:
        parts.append("\n".join(_filled(line, width) for line in explanation.difference.splitlines()))
    if explanation.no_race:
        return "\n\n".join(parts)
    again = "Replay this schedule" if explanation.repeatable else "Run this schedule again"
    how = _filled(_how_found(exploration), width)
    parts.append(f"{how}\n{again}:\n{replay_command(item, str(explanation.token))}")
    return "\n\n".join(parts)


def _filled(text: str, width: int, indent: str = "") -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False, subsequent_indent=indent)


def _how_found(exploration: Exploration) -> str:
    explanation = exploration.explanation
    assert explanation is not None
    switches = explanation.switches
    details = [] if switches is None else [_preemptions(switches)]
    before = explanation.switches_before
    if switches is not None and before is not None and before != switches:
        details.append(f"shrunk from {_preemptions(before)}")
    if exploration.ended_by == REPLAY:
        return f"Replayed from token{_in_brackets(details)}."
    settings, planned = exploration.settings, exploration.settings.schedules
    how = strategy_words(exploration.strategy)
    if exploration.strategy in (PINNED, REMEMBERED):
        details.insert(0, how)
    else:
        planned = exploration.planned
        details[:0] = [how, f"seed {settings.seed}"]
    most = f" of up to {planned:,}" if settings.explored else ""
    return f"Found in schedule {exploration.found_at:,}{most}{_in_brackets(details)}."


def _preemptions(count: int) -> str:
    return f"{count} preemption{'' if count == 1 else 's'}"


def _in_brackets(details: list[str]) -> str:
    return f" ({', '.join(details)})" if details else ""


def _quoted(word: str) -> str:
    """Quote a word for the shells of this system; those of Windows only share double quotes."""
    return shlex.quote(word) if sys.platform != "win32" else f'"{word}"'


def replay_command(item: pytest.Item, token: str) -> str:
    """Return a command that runs the test under the token's schedule."""
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
    quoted = _quoted(nodeid) if "'" in nodeid or sys.platform == "win32" else f"'{nodeid}'"
    options = item.config.option
    # Options without which pytest would not find the same test.
    words = [] if options.inifilename is None else ["-c", str(options.inifilename)]
    words += [] if options.rootdir is None else [f"--rootdir={options.rootdir}"]
    words += [word for setting in options.override_ini or () for word in ("-o", setting)]
    if is_of_suite(item):
        words.append(f"--interleave-suite={item.config.getoption('--interleave-suite')}")
    return " ".join(("pytest", quoted, *map(_quoted, words), f"--interleave-replay={token}"))
