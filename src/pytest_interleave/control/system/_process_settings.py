"""Settings of the whole process, under control: file mode mask, recursion limit, warning filters, locale."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ..execution.units import _current
from ..scope import _real
from ..steps._things import WRITE, Thing
from ._uses import like, note

_units = _current.units
_get_ident = _real.get_ident

#: The functions that change a setting, by module, and the names of the settings.
_OF_MODULES = {
    "locale": {"setlocale": "the locale"},
    "socket": {"setdefaulttimeout": "the default timeout of sockets"},
    "warnings": dict.fromkeys(
        ("filterwarnings", "simplefilter", "resetwarnings", "catch_warnings"), "the warning filters"
    ),
}


def _setting(real: Callable[..., Any], what: str) -> Callable[..., Any]:
    thing = Thing("setting", ("setting", what), what)

    def call(*args: Any, **options: Any) -> Any:
        result = real(*args, **options)
        unit = _units[_get_ident()]
        if unit is not None:
            note(unit, thing, WRITE, "set")
        return result

    return like(real, call)


def of_module(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in one of the modules that have settings."""
    # Threads with filters of their own change nothing that others see.
    if module.__name__ == "warnings" and getattr(sys.flags, "context_aware_warnings", False):
        return
    for name, what in _OF_MODULES[module.__name__].items():
        real = getattr(module, name)
        if isinstance(real, type):
            # It changes the filters when it is entered, and puts them back.
            for method in ("__enter__", "__exit__"):
                yield real, method, _setting(vars(real)[method], what)
        else:
            yield module, name, _setting(real, what)


#: Stand-ins for functions of `os` and of `sys`, by name.
REPLACEMENTS: dict[str, Callable[..., Any]] = {"umask": _setting(os.umask, "the file mode mask")}
OF_SYS: dict[str, Callable[..., Any]] = {"setrecursionlimit": _setting(sys.setrecursionlimit, "the recursion limit")}
