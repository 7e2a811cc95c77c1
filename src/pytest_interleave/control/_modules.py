"""Modules without asking them for anything: a lazy one loads what it stands for as soon as it is looked at."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from . import _current

#: The globals of a module's code.
namespace_of_module = vars(ModuleType)["__dict__"].__get__


def is_module(value: Any) -> bool:
    """Whether it is a module by its type, whatever it says itself."""
    return issubclass(type(value), ModuleType)


def imported(name: str) -> dict[str, Any] | None:
    """The globals of the module `name`, if it is imported."""
    module = sys.modules.get(name)
    return namespace_of_module(module) if is_module(module) else None


def loaded(name: str) -> ModuleType | None:
    """The module `name`, if it is imported and no lazy one: its type looks nothing up in a way of its own."""
    module = sys.modules.get(name)
    return module if type(module) is ModuleType else None


def namespaces_in_scope(*others: str) -> list[dict[str, Any]]:
    """The globals of the imported modules that are in scope, and of those that `others` name."""
    holds = _current.scope.holds
    found = []
    for name, module in list(sys.modules.items()):
        if not is_module(module):
            continue
        namespace = namespace_of_module(module)
        filename = namespace.get("__file__")
        if name in others or (type(filename) is str and holds[filename]):
            found.append(namespace)
    return found
