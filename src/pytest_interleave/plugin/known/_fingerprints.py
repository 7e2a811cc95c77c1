"""What a token remembers of the test that it was made for."""

from __future__ import annotations

import pytest

from ...explore import NameOfTest
from ..settings._shards import nodeid_of


def name_of_test(item: pytest.Item) -> NameOfTest:
    """Without the file: a test may be moved. With its parameters: each set of them is a test of its own."""
    name = nodeid_of(item).partition("::")[2]
    callspec = getattr(item, "callspec", None)
    parameters = "" if callspec is None else callspec.id
    return NameOfTest.of(name.removesuffix(f"[{parameters}]"), parameters)
