"""Which source files' accesses are scheduling points."""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from types import CodeType

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# Not by `sysconfig`, which takes longer to import than all of this plugin.
_STDLIB = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_ENVIRONMENT_PARTS = {"site-packages", "dist-packages"}

#: Pure-Python containers of the standard library whose own races a test can run into. They are only taken
#: where instrumenting them is cheap (`sys.monitoring`), see `Scope`.
_STDLIB_CONTAINERS = ("collections/__init__.py", "_collections_abc.py", "functools.py")


#: Where the rest of such a file is helpers that anything may call: the part that counts.
_STDLIB_PARTS = {"functools.py": "cached_property."}


class _Answers(dict[str, bool]):
    """Filename to answer; asks the scope once for each file, so that a look-up is one dict access."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __missing__(self, filename: str) -> bool:
        answer = self[filename] = self._scope.judge(filename)
        return answer


class Scope:
    """The source files whose accesses are scheduling points.

    `root` is the directory whose files are in scope, but for those of an environment (a `site-packages`, or a
    directory that has a `pyvenv.cfg`). `include` adds installed packages and modules by name, or files by
    path glob. `containers` adds the standard library's pure-Python containers.
    """

    def __init__(self, root: str, include: Iterable[str] = (), *, containers: bool | None = None) -> None:
        self.root = os.path.realpath(root) + os.sep
        self.include = tuple(include)
        if containers is None:
            containers = sys.version_info >= (3, 12)
        self._stdlib_files = {os.path.join(_STDLIB, name) for name in _STDLIB_CONTAINERS} if containers else set()
        self._environments: dict[str, bool] = {}
        #: `scope.holds[filename]`: whether the file is in scope.
        self.holds = _Answers(self)

    def holds_code(self, code: CodeType) -> bool:
        """Whether accesses of this code are scheduling points."""
        if not self.holds[code.co_filename]:
            return False
        only = _STDLIB_PARTS.get(os.path.basename(code.co_filename))
        return only is None or code.co_filename not in self._stdlib_files or code.co_qualname.startswith(only)

    def judge(self, filename: str) -> bool:
        """Decide on one file name as found in `co_filename`; use `holds` for the remembered answer."""
        if filename.startswith(("<", _PACKAGE)):
            return False
        path = os.path.realpath(filename)
        if path.startswith(_PACKAGE):
            return False
        if path in self._stdlib_files or self._included(path):
            return True
        if not path.startswith(self.root) or path.startswith(_STDLIB):
            return False
        directory = os.path.dirname(path)
        return not self._in_environment(directory)

    def _in_environment(self, directory: str) -> bool:
        known = self._environments.get(directory)
        if known is None:
            known = os.path.basename(directory) in _ENVIRONMENT_PARTS or os.path.exists(
                os.path.join(directory, "pyvenv.cfg")
            )
            if not known and len(directory) >= len(self.root):
                known = self._in_environment(os.path.dirname(directory))
            self._environments[directory] = known
        return known

    def _included(self, path: str) -> bool:
        for entry in self.include:
            if os.sep in entry or "*" in entry:
                pattern = entry if os.path.isabs(entry) else os.path.join(self.root, entry)
                if fnmatch.fnmatch(path, pattern):
                    return True
            elif _module_path_matches(entry, path):
                return True
        return False


def missing(name: str) -> bool:
    """Whether no source file can belong to module or package `name`."""
    return not any(os.path.isdir(stem) or os.path.isfile(stem + ".py") for stem in _stems(name))


def _module_path_matches(name: str, path: str) -> bool:
    """Whether `path` is the file of module `name` or lies in package `name`."""
    return any(path.startswith(stem + os.sep) or path == stem + ".py" for stem in _stems(name))


def _stems(name: str) -> Iterator[str]:
    """Where module or package `name` could lie: its path without the `.py`."""
    steps = name.split(".")
    for entry in sys.path:
        yield os.path.join(os.path.realpath(entry or os.curdir), *steps)
    # An editable installation may be none of `sys.path`'s. Of the outermost package, because it is not imported here.
    try:
        spec = importlib.util.find_spec(steps[0])
    except (ImportError, ValueError):
        return
    if spec is not None and spec.submodule_search_locations is not None:
        for location in spec.submodule_search_locations:
            yield os.path.join(os.path.realpath(location), *steps[1:])
    elif spec is not None and spec.origin is not None and len(steps) == 1:
        yield os.path.realpath(spec.origin).removesuffix(".py")
