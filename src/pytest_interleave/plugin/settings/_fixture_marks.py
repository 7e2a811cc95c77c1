"""A mark for fixtures of the plugin that can be made again by a mere call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])
_MARK = "__interleave_adds_no_end__"


def adds_no_end(function: _Function) -> _Function:
    """Mark the function of a fixture that asks for `request`, but adds no finalizer in a test under control.

    It stands below `@pytest.fixture`. Fixtures of others that ask for `request` may add a finalizer at any time.
    """
    setattr(function, _MARK, True)
    return function


def is_without_end(function: Any) -> bool:
    """Whether the function of a fixture is marked with `adds_no_end`."""
    return getattr(function, _MARK, False) is True
