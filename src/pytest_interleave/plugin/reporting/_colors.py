"""Colors findings on terminals that have colors; the reports themselves stay plain text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from ...trace import SWITCHED
from ..items._test_reports import SECTION


@contextlib.contextmanager
def colored(terminal: pytest.TerminalReporter) -> Iterator[None]:
    """Give the failures that pytest has gathered colored sections, as long as the context is entered."""
    changed: list[tuple[Any, Any]] = []
    writer = terminal.config.get_terminal_writer()
    if writer.hasmarkup:
        for kind in ("failed", "error", "xfailed"):
            for report in terminal.stats.get(kind, ()):
                shown: Any = getattr(report, "longrepr", None)
                sections = getattr(shown, "sections", None)
                if isinstance(sections, list) and any(name == SECTION for name, *_ in sections):
                    changed.append((shown, sections))
                    shown.sections = [
                        (name, _in_colors(content, writer) if name == SECTION else content, *more)
                        for name, content, *more in sections
                    ]
    try:
        yield
    finally:
        for shown, sections in changed:
            shown.sections = sections


def _in_colors(text: str, writer: Any) -> str:
    """Color the finding, the switches, and the names of the threads."""
    lines = text.split("\n")
    lines[0] = writer.markup(lines[0], red=True, bold=True)
    for number, line in enumerate(lines):
        if line.startswith(f"{SWITCHED} "):
            lines[number] = writer.markup(line, yellow=True, bold=True)
        elif number and line.startswith("-----"):
            # The names of the threads stand above the rule.
            lines[number - 1] = writer.markup(lines[number - 1], bold=True)
    return "\n".join(lines)
