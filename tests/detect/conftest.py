"""What the tests of `detect` share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def in_place(controllable: None) -> None:
    """For all tests here."""
