"""The gatherer of one run, imported and registered when there is something to report.

Most runs have nothing to report, and should not pay for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .reporting._gathering import Gatherer
    from .reporting._results import Results

_gatherer_key: pytest.StashKey[Gatherer] = pytest.StashKey()


def gatherer_of(config: pytest.Config) -> Gatherer | None:
    """Return the gatherer of this run; None as long as there is nothing to report."""
    return config.stash.get(_gatherer_key, None)


def make_gatherer(config: pytest.Config) -> Gatherer:
    """Return the gatherer of this run; the first call registers it, so that it sees all reports from then on."""
    gatherer = gatherer_of(config)
    if gatherer is None:
        from .reporting._gathering import Gatherer

        gatherer = config.stash[_gatherer_key] = Gatherer(config)
        config.pluginmanager.register(gatherer, "interleave-gatherer")
    return gatherer


def results_of(config: pytest.Config) -> Results:
    """Return the results of this run so far; from the first call on, they are gathered."""
    return make_gatherer(config).results
