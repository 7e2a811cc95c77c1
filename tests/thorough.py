"""Tests that take long and are much like others that are quick: run by `--thorough=too`, and in CI on two interpreters.

What is found by one of these alone gets a quick test of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

thorough = pytest.mark.thorough


def some(values: Iterable[Any], usual: int) -> list[Any]:
    """Values for `parametrize`: all but the first `usual` ones are for a thorough run."""
    return [value if number < usual else pytest.param(value, marks=thorough) for number, value in enumerate(values)]
