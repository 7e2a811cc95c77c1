"""What the tests of `control` share: the primitives in place, and a scope that holds the tests themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pytest_interleave.control import Scope, _current, set_scope
from pytest_interleave.control.primitives import install_names, remove_names
from pytest_interleave.control.primitives._dispatch import active


@pytest.fixture(autouse=True)
def in_place(pytestconfig: pytest.Config) -> Iterator[None]:
    """The primitives under the names of the real ones, as they are while marked tests run."""
    scope, was_active = _current.scope, active[0]
    set_scope(Scope(str(pytestconfig.rootpath)))
    install_names()
    try:
        yield
    finally:
        set_scope(scope)
        if not was_active:
            remove_names()


@pytest.fixture
def scope_with(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Adds modules to the scope for one test."""

    def include(*modules: str) -> None:
        set_scope(Scope(str(pytestconfig.rootpath), modules))

    return include
