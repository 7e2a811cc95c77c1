"""Access to modules without running their code: a lazy module loads the real one when an attribute of it is read."""

from __future__ import annotations

import sys
from operator import is_
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import _current_scope

if TYPE_CHECKING:
    from ._scope import Scope

#: Returns the globals of a module's code.
namespace_of_module = vars(ModuleType)["__dict__"].__get__


def is_module(value: Any) -> bool:
    """Whether `value` is a module by its type, whatever its `__class__` says."""
    return issubclass(type(value), ModuleType)


def imported(name: str) -> dict[str, Any] | None:
    """Return the globals of the module `name`, or None if it is not imported."""
    module = sys.modules.get(name)
    return namespace_of_module(module) if is_module(module) else None


def loaded(name: str) -> ModuleType | None:
    """Return the module `name`, or None if it is not imported or is a lazy module.

    The type of the module that is returned is `ModuleType` itself, so no attribute look-up runs code of a program.
    """
    module = sys.modules.get(name)
    return module if type(module) is ModuleType else None


class ImportedModules:
    """The imported modules, divided into those in scope and all others.

    There can be thousands, and each test asks for them. So the division is kept until other modules are imported.
    """

    def __init__(self) -> None:
        self._modules: list[Any] = []
        self._scope: Scope | None = None
        #: The name and the module of each imported module in scope.
        self.in_scope: list[tuple[str, ModuleType]] = []
        #: The same for the modules out of scope.
        self.others: list[tuple[str, ModuleType]] = []

    def have_changed(self) -> bool:
        """Whether the imported modules, or which of them are in scope, differ from the last call; updates the lists."""
        now = list(sys.modules.values())
        scope = _current_scope.scope
        # Compared by identity, because `==` may run code of the modules.
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


def scoped_modules() -> list[tuple[str, dict[str, Any]]]:
    """Return the names and the globals of the imported modules in scope."""
    _imported.have_changed()
    return [(name, namespace_of_module(module)) for name, module in _imported.in_scope]


def namespaces_in_scope(*others: str) -> list[dict[str, Any]]:
    """Return the globals of the imported modules in scope, and of the imported modules named in `others`."""
    _imported.have_changed()
    found = [namespace_of_module(module) for name, module in _imported.in_scope if name not in others]
    return [*found, *(namespace for namespace in map(imported, others) if namespace is not None)]
