"""Modules without asking them for anything: a lazy one loads what it stands for as soon as it is looked at."""

from __future__ import annotations

import sys
from operator import is_
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import _current_scope

if TYPE_CHECKING:
    from ._scope import Scope

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


class ImportedModules:
    """Looks at the imported modules, and remembers which of them are in scope until others are imported.

    There can be thousands, and each test asks for them.
    """

    def __init__(self) -> None:
        self._modules: list[Any] = []
        self._scope: Scope | None = None
        #: Name and module, of those in scope.
        self.in_scope: list[tuple[str, ModuleType]] = []
        #: Those out of scope.
        self.others: list[tuple[str, ModuleType]] = []

    def have_changed(self) -> bool:
        """Look again. The answer is whether others are there, or are in scope, than at the last look."""
        now = list(sys.modules.values())
        scope = _current_scope.scope
        # By identity: whether two are equal, they might be asked themselves.
        if scope is self._scope and len(now) == len(self._modules) and all(map(is_, now, self._modules)):
            return False
        modules = list(sys.modules.items())
        self._modules, self._scope = [module for _, module in modules], scope
        holds = scope.holds
        self.in_scope, self.others = [], []
        for name, module in modules:
            if is_module(module):
                filename = namespace_of_module(module).get("__file__")
                known = self.in_scope if type(filename) is str and holds[filename] else self.others
                known.append((name, module))
        return True


_imported = ImportedModules()


def namespaces_in_scope(*others: str) -> list[dict[str, Any]]:
    """The globals of the imported modules that are in scope, and of those that `others` name."""
    _imported.have_changed()
    found = [namespace_of_module(module) for name, module in _imported.in_scope if name not in others]
    return [*found, *(namespace for namespace in map(imported, others) if namespace is not None)]
