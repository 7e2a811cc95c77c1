"""Facades that import a name's module only when the name is first used.

The plugin is loaded into every pytest session of an environment, and most sessions have no marked test: those should
not pay for what only a marked test needs.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def names_from(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a module's `__getattr__`; `homes` gives, for each public name, its module relative to `package`."""

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home, package), name)
        # The next use finds it there.
        setattr(sys.modules[package], name, value)
        return value

    return find
