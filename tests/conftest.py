"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_interleave.control import Scope, _current, set_scope
from pytest_interleave.control.primitives import install_names, remove_names
from pytest_interleave.control.primitives._dispatch import active

pytest_plugins = "pytester"


@pytest.fixture
def controllable(pytestconfig: pytest.Config) -> Iterator[None]:
    """Bodies can be run under control: the primitives are in place, and the tests themselves are in scope."""
    scope, was_active = _current.scope, active[0]
    set_scope(Scope(str(pytestconfig.rootpath)))
    install_names()
    try:
        yield
    finally:
        set_scope(scope)
        if not was_active:
            remove_names()
