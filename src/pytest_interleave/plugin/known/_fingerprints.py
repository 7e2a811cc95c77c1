"""The name of a test as tokens have it, to recognize the test that a token was made for."""

from __future__ import annotations

import pytest

from ...explore import NameOfTest
from ..settings._shards import nodeid_of


def name_of_test(item: pytest.Item) -> NameOfTest:
    """Return the name of a test without its file, which may be moved, but with the id of its parameters."""
    name = nodeid_of(item).partition("::")[2]
    callspec = getattr(item, "callspec", None)
    parameters = "" if callspec is None else callspec.id
    return NameOfTest.of(name.removesuffix(f"[{parameters}]"), parameters)
