"""What the reports say of a test that Ctrl-C or `pytest.exit` has interrupted: pytest itself reports nothing of it."""

from __future__ import annotations

import pytest

from ..running._exploration import Exploration
from ._gathering import results_of
from ._report import figures


def note_interrupted(item: pytest.Item, exploration: Exploration) -> None:
    """Let the reports have the figures that there are; a worker of pytest-xdist cannot hand them on any more."""
    results_of(item.config).tests.append(figures(item, exploration, "interrupted", page=True))
