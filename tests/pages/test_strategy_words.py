"""How a schedule was chosen is said in words, not by the names that options and JSON have."""

from __future__ import annotations

import pytest

from pytest_interleave.explore import STRATEGIES
from pytest_interleave.pages import strategy_words


@pytest.mark.parametrize("name", [*STRATEGIES, "holdup", "nonpreemptive", "pinned", "preempt", "remembered", "steered"])
def test_each_name_has_words(name):
    # These two are words already.
    assert (strategy_words(name) == name) == (name in ("auto", "exhaustive"))
