"""What the tests of `control` share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_interleave.control import Scope, set_scope


@pytest.fixture(autouse=True)
def in_place(controllable: None) -> None:
    """For all tests here."""


@pytest.fixture
def scope_with(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Adds modules to the scope for one test."""

    def include(*modules: str) -> None:
        set_scope(Scope(str(pytestconfig.rootpath), modules))

    return include
