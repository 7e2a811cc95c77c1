"""Shows the progress of a long exploration on a terminal, behind what pytest has written on its line so far."""

from __future__ import annotations

import contextlib
import sys
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ...control.interpreter import real_seconds

#: Seconds until an exploration is shown for the first time, and between two updates.
FIRST, EVERY = 1.0, 0.25
#: Terminal sequences: what is written between the first two is not part of pytest's line.
_SAVE, _RESTORE, _CLEAR = "\x1b7", "\x1b8", "\x1b[K"
#: With fewer columns left than this, nothing is shown.
FEWEST = 24


class Progress:
    """Shows the progress of one test's exploration, which has `schedules` to run."""

    def __init__(self, config: pytest.Config, schedules: int) -> None:
        self._schedules = schedules
        self._started = real_seconds()
        self._shown = False
        self._capture: Any = config.pluginmanager.getplugin("capturemanager")
        self._writer = _writer_of(config)
        #: The time of the next update, in real seconds; infinite if no person watches the terminal.
        self.next = self._started + FIRST if self._writer is not None else float("inf")

    def show(self, done: int) -> None:
        """Show that `done` schedules have been run by now."""
        now = real_seconds()
        self.next = now + EVERY
        rate = done / (now - self._started)
        self._write(f"  {done:,} of {self._schedules:,} schedules, {rate:,.0f}/s")

    def clear(self) -> None:
        """Leave the line as it was."""
        if self._shown:
            self._write("")
            self._shown = False

    def _write(self, text: str) -> None:
        assert self._writer is not None
        room = self._writer.fullwidth - self._writer.width_of_current_line - 1
        if text and room < FEWEST:
            return
        with self._uncaptured():
            sys.stdout.write(f"{_SAVE}{text[:room]}{_CLEAR}{_RESTORE}")
            sys.stdout.flush()
        self._shown = True

    def _uncaptured(self) -> AbstractContextManager[Any]:
        if self._capture is None:
            return contextlib.nullcontext()
        uncaptured: AbstractContextManager[Any] = self._capture.global_and_fixture_disabled()
        return uncaptured


def _writer_of(config: pytest.Config) -> Any:
    """Return the terminal writer of pytest; None if no person watches the terminal."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or not reporter.isatty or reporter.verbosity < 0 or not reporter.hasmarkup:
        return None
    # A worker of pytest-xdist has no terminal; a debugger wants it for itself.
    if hasattr(config, "workerinput") or config.getoption("usepdb", False):
        return None
    # Not every terminal of Windows knows what is written here.
    if sys.platform == "win32":
        return None
    return config.get_terminal_writer()
