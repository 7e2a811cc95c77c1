"""Redirection of built-in functions: for a while they call something else, for all code that holds them.

A program keeps functions under names of its own (`from time import monotonic`), in default arguments and in tables, and
libraries that freeze time search for the very functions that they know. So the function objects stay in place. What
changes is what a function object leads to: it keeps its calling convention, and calls a Python function instead.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._missing import missing_for_control

if TYPE_CHECKING:
    from ._function_objects import Redirection

_redirected: set[int] = set()


def is_redirected(function: Any) -> bool:
    """Whether `function` is one of the functions that are redirected at times."""
    return id(function) in _redirected


def copy_of(module: ModuleType, function: Any) -> Any:
    """Return a function that does what `function` of `module` does now, even if `function` is changed later."""
    if _can_be_redirected(module, function):
        from ._function_objects import new_copy

        return new_copy(module, function)
    return function


def _can_be_redirected(module: ModuleType, function: Any) -> bool:
    if missing_for_control() is not None:
        return False
    from ._function_objects import can_be_redirected

    return can_be_redirected(module, function)


class Replacement:
    """The counterpart of `Redirection` for a function that cannot be redirected: it is replaced in its module."""

    changed_below = False

    def __init__(self, module: ModuleType, name: str, real: Any, answer: Callable[..., Any]) -> None:
        self._module = module
        self._name = name
        self.real = self.below = real

        def ours(*given: Any) -> Any:
            return answer(None, *given)

        ours.__name__ = ours.__qualname__ = name
        ours.__module__ = module.__name__
        ours.__doc__ = self.real.__doc__
        self._ours = ours
        self.in_place = False

    def put(self) -> None:
        """Put `answer` under the function's name."""
        setattr(self._module, self._name, self._ours)
        self.in_place = True

    def take_out(self) -> None:
        """Put the function back under its name."""
        setattr(self._module, self._name, self.real)
        self.in_place = False


def lead_to(module: ModuleType, name: str, real: Any, answer: Callable[..., Any]) -> Redirection | Replacement:
    """Return an object that can let the function `name` of `module`, which is `real`, call `answer` for a while."""
    if _can_be_redirected(module, real):
        from ._function_objects import Redirection

        _redirected.add(id(real))
        return Redirection(module, real, answer)
    return Replacement(module, name, real, answer)
