"""Modules that the pool's owner has and that a worker process cannot import by their names.

With `--import-mode=importlib`, pytest gives test modules names that cannot be imported: a worker imports them by their
files.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..control.scope import imported


def files_of(modules: Iterable[str]) -> dict[str, str]:
    """Return the files of the modules of these names, and of the packages that they are in, if they have one."""
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
    """A finder, the last one that a worker asks, of the files that have come with calls."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}

    def add(self, files: Mapping[str, str]) -> None:
        """Find these modules from now on, if no other finder does."""
        self._files.update(files)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return the spec of a module whose file has come; see `importlib.abc.MetaPathFinder.find_spec`."""
        file = self._files.get(fullname)
        if file is not None:
            return importlib.util.spec_from_file_location(fullname, file)
        if any(name.startswith(f"{fullname}.") for name in self._files):
            # It is a directory on the path to such a file, without an `__init__.py`.
            return ModuleSpec(fullname, None, is_package=True)
        return None
