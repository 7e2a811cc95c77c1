"""Modules that are imported while a test runs: their contents are replaced as soon as they are loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class LateImports(MetaPathFinder):
    """A finder that calls `loaded` when a module with one of these names has been loaded."""

    def __init__(self, names: Collection[str], loaded: Callable[[], None]) -> None:
        self._names = frozenset(names)
        self._loaded = loaded

    def begin(self) -> None:
        """Find modules from now on."""
        sys.meta_path.insert(0, self)

    def end(self) -> None:
        """Find no more modules."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        if fullname not in self._names:
            return None
        for finder in sys.meta_path:
            if isinstance(finder, LateImports) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loading(spec.loader, self._loaded)
                return spec
        return None


class _Loading(Loader):
    """A loader that loads a module by another one, and then calls a function."""

    def __init__(self, real: Loader, loaded: Callable[[], None]) -> None:
        self._real = real
        self._loaded = loaded

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See `importlib.abc.Loader.create_module`."""
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """See `importlib.abc.Loader.exec_module`."""
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._real
        self._real.exec_module(module)
        self._loaded()
