"""Modules that the pool's owner has and that a worker process cannot import by their names.

pytest's `--import-mode=importlib` gives test modules names that lead nowhere: a worker imports them by their files.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..control.scope import imported


def files_of(modules: Iterable[str]) -> dict[str, str]:
    """The files of the modules of these names, and of the packages that they are in; those that have one."""
    found: dict[str, str] = {}
    for module in modules:
        name = module
        while name and name not in found:
            file = (imported(name) or {}).get("__file__")
            if isinstance(file, str) and file.endswith(".py"):
                found[name] = file
            name = name.rpartition(".")[0]
    return found


class SentModules:
    """The last finder that a worker asks: of the files that have come with calls."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}

    def add(self, files: Mapping[str, str]) -> None:
        """From now on these modules are found, where nobody else finds them."""
        self._files.update(files)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        file = self._files.get(fullname)
        if file is not None:
            return importlib.util.spec_from_file_location(fullname, file)
        if any(name.startswith(f"{fullname}.") for name in self._files):
            # A directory on the way, without an `__init__.py`.
            return ModuleSpec(fullname, None, is_package=True)
        return None
