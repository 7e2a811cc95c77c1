"""The width of the reports of failures."""

from __future__ import annotations

import os

import pytest

#: The columns of a report that is written to a file, or into the log of a build.
_WITHOUT_TERMINAL = 120


def width_of(config: pytest.Config) -> int:
    """Return the columns of the terminal, within limits; with pytest-xdist, those of its controller's terminal.

    Without a terminal there are 120, unless the environment variable COLUMNS says otherwise.
    """
    handed = getattr(config, "workerinput", {}).get("interleave_width")
    if handed is not None:
        return int(handed)
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or not (getattr(reporter, "isatty", False) or "COLUMNS" in os.environ):
        return _WITHOUT_TERMINAL
    return max(60, min(160, config.get_terminal_writer().fullwidth))
