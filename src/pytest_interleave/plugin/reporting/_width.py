"""How wide the reports of failures are."""

from __future__ import annotations

import pytest


def width_of(config: pytest.Config) -> int:
    """The columns of the terminal, within reason; with pytest-xdist, of its controller's."""
    handed = getattr(config, "workerinput", {}).get("interleave_width")
    if handed is not None:
        return int(handed)
    if not config.pluginmanager.has_plugin("terminalreporter"):
        return 100
    return max(60, min(160, config.get_terminal_writer().fullwidth))
