"""Explanations of failed assertions, by pytest and by unittest: what they read of objects is no part of the test."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from ....control import explaining
from ....control.scope import loaded

#: The functions that call `repr` or compare objects to explain a failure, by their modules.
_EXPLAIN = {
    "_pytest.assertion.rewrite": ("_saferepr", "_call_reprcompare", "_format_assertmsg", "_should_repr_global_name"),
    "unittest.case": ("safe_repr", "_common_shorten_repr"),
}


@contextlib.contextmanager
def explained_aside() -> Iterator[None]:
    """Make nothing that explains a failed assertion a step of a test, as long as the context is entered."""
    replaced = []
    for name, functions in _EXPLAIN.items():
        module = loaded(name)
        for function in functions:
            before = getattr(module, function, None)
            if before is not None:
                replaced.append((module, function, before))
                setattr(module, function, _aside(before))
    try:
        yield
    finally:
        for module, function, before in replaced:
            setattr(module, function, before)


def _aside(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def explain(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with explaining():
            return function(*args, **kwargs)

    return explain
