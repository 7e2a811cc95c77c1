"""Modules without asking them for anything: a lazy one loads what it stands for as soon as it is looked at."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

#: The globals of a module's code.
namespace_of_module = vars(ModuleType)["__dict__"].__get__


def is_module(value: Any) -> bool:
    """Whether it is a module by its type, whatever it says itself."""
    return issubclass(type(value), ModuleType)


def imported(name: str) -> dict[str, Any] | None:
    """The globals of the module `name`, if it is imported."""
    module = sys.modules.get(name)
    return namespace_of_module(module) if is_module(module) else None
