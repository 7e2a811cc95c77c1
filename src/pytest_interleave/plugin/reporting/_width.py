"""The width of the reports of failures."""

from __future__ import annotations

import pytest


def width_of(config: pytest.Config) -> int:
    """Return the columns of the terminal, within limits; with pytest-xdist, those of its controller's terminal."""
    handed = getattr(config, "workerinput", {}).get("interleave_width")
    if handed is not None:
        return int(handed)
    if not config.pluginmanager.has_plugin("terminalreporter"):
        return 100
    return max(60, min(160, config.get_terminal_writer().fullwidth))
