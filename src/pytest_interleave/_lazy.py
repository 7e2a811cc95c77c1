"""Facades that import a name's module only when the name is first asked for.

The plugin is loaded into every pytest session of an environment, and most of them have no marked test: those should
not pay for what only a marked test needs.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def names_from(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's `__getattr__`: `homes` says in which module, relative to `package`, each public name is defined."""

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home, package), name)
        # Next time it is there.
        setattr(sys.modules[package], name, value)
        return value

    return find
