"""The source files whose accesses are scheduling points."""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from os.path import abspath, exists, isdir, isfile, realpath  # by name, because a test may replace them
from types import CodeType
from typing import Any

from ... import PACKAGE_DIRECTORY
from . import _observed
from ._frozen import STDLIB, file_of
from ._in_no_file import MadeByTheProgram, is_in_no_file
from ._places import PACKAGES

#: Pure-Python containers of the standard library whose own races a test can run into. By file: the prefixes of the
#: qualified names of the functions in scope. The rest of these files are helpers that any code may call.
_STDLIB_CONTAINERS: dict[str, tuple[str, ...]] = {
    os.path.join("collections", "__init__.py"): ("",),
    "_collections_abc.py": tuple(
        f"{name}."
        for name in (
            "Set", "MutableSet", "Mapping", "MutableMapping", "MappingView", "KeysView", "ItemsView", "ValuesView",
            "Sequence", "MutableSequence",
        )
    ),
    "functools.py": ("cached_property.",),
}  # fmt: skip
#: The hooks of abstract base classes. Their results are remembered in C, so they are called only once.
_HOOKS = frozenset(("__subclasshook__", "__instancecheck__", "__subclasscheck__"))


class _Answers(dict[str, bool]):
    """File name to whether the file is in scope. The scope decides once per file, so a look-up is one dict access."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __missing__(self, filename: str) -> bool:
        with _observed.unobserved():
            answer = self._scope.judge(filename)
        if answer and filename not in self._scope.parts:
            self._scope.all_of.add(filename)
        self[filename] = answer
        return answer


class _Possible(dict[str, bool]):
    """File name to whether any code that gives this name as its file can be in scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __missing__(self, filename: str) -> bool:
        answer = self[filename] = self._scope.holds[filename] or is_in_no_file[filename]
        return answer


class Scope:
    """The source files whose accesses are scheduling points.

    `root` is the directory whose files are in scope, except those of an environment (a `site-packages`, or a directory
    that has a `pyvenv.cfg`). The directories and files in `further` are in scope likewise. `include` adds installed
    packages and modules by name, or files by path glob. `temporary` returns the directory for files that tests write,
    or None if there is none; what tests load from there is in scope. `containers` adds the standard library's
    pure-Python containers. Code that is in no file is in scope if the program made it, see `_in_no_file`.
    """

    def __init__(
        self,
        root: str,
        include: Iterable[str] = (),
        *,
        further: Iterable[str] = (),
        containers: bool = True,
        temporary: Callable[[], str | None] = lambda: None,
    ) -> None:
        # Not `+ os.sep`: the root of a file system has one already.
        self.root = os.path.join(realpath(root), "")
        self._roots = (self.root, *(_below(path) for path in further))
        self.include = tuple(include)
        #: Files with tests, which are in scope wherever they are.
        self._tests: set[str] = set()
        self._stdlib_files = (
            {os.path.join(STDLIB, name): begins for name, begins in _STDLIB_CONTAINERS.items()} if containers else {}
        )
        self._temporary = temporary
        self._environments: dict[str, bool] = {}
        #: `scope.holds[filename]`: whether the file is in scope.
        self.holds = _Answers(self)
        #: `scope.may_hold[filename]`: False if no code that names this file is in scope.
        self.may_hold = _Possible(self)
        self._made_by_the_program = MadeByTheProgram(self.holds)
        #: The names of files whose code is wholly in scope, of those that were asked for so far.
        self.all_of: set[str] = set()
        #: By file name, for files that are partly in scope: the prefixes of the qualified names of the functions that
        #: are.
        self.parts: dict[str, tuple[str, ...]] = {}

    def holds_code(self, code: CodeType, namespace: dict[str, Any] | None = None) -> bool:
        """Whether accesses of `code`, which runs with the globals `namespace`, are scheduling points."""
        filename = code.co_filename
        if filename in self.all_of:
            return True
        if self.holds[filename]:
            if filename not in self.parts:
                return True
            return code.co_qualname.startswith(self.parts[filename]) and code.co_name not in _HOOKS
        return is_in_no_file[filename] and self._made_by_the_program(code, namespace)

    def shows_code(self, code: CodeType, namespace: dict[str, Any] | None = None) -> bool:
        """Whether a place in `code` says more than the place of its caller.

        It does if the code is in scope and does not belong to a container of the standard library.
        """
        return code.co_filename not in self.parts and self.holds_code(code, namespace)

    def take_in(self, filename: str) -> None:
        """Put a file with tests in scope, wherever it is: in an installed package, for example.

        Call it before any code of the file runs under control.
        """
        if not self.holds[filename]:
            self._tests.add(realpath(filename))
            self.holds.clear()
            self.may_hold.clear()

    def judge(self, filename: str) -> bool:
        """Whether the file that a code object names as its `co_filename` is in scope.

        The answer is computed each time; `holds` remembers it.
        """
        given = file_of[filename]
        if given.startswith(("<", PACKAGE_DIRECTORY)):
            return False
        path = realpath(given)
        if path.startswith(PACKAGE_DIRECTORY):
            return False
        if path in self._tests or self._included(path):
            return True
        if path in self._stdlib_files:
            self.parts[filename] = self._stdlib_files[path]
            return True
        if path.startswith(STDLIB):
            return False
        if self._in_environment(os.path.dirname(path)):
            return False
        # The path may be a link in the project that leads out of it.
        linked = abspath(given)
        return self._in_project(path) or (
            self._in_project(linked) and not self._in_environment(os.path.dirname(linked))
        )

    def _in_project(self, path: str) -> bool:
        if path.startswith(self._roots):
            return True
        temporary = self._temporary()
        # A file that a test has written and now runs.
        return temporary is not None and path.startswith(realpath(temporary) + os.sep)

    def _in_environment(self, directory: str) -> bool:
        known = self._environments.get(directory)
        if known is None:
            known = os.path.basename(directory) in PACKAGES or exists(os.path.join(directory, "pyvenv.cfg"))
            above = os.path.dirname(directory)
            # The project itself may lie in an environment, so the directories above it do not count.
            if not known and above != directory and directory + os.sep not in self._roots:
                known = self._in_environment(above)
            self._environments[directory] = known
        return known

    def _included(self, path: str) -> bool:
        for entry in self.include:
            if _is_glob(entry):
                pattern = entry if os.path.isabs(entry) else os.path.join(self.root, entry)
                if fnmatch.fnmatch(path, pattern):
                    return True
            elif _module_path_matches(entry, path):
                return True
        return False


def _below(path: str) -> str:
    """Return the prefix of the real paths of all files that are at `path` or in that directory."""
    real = realpath(path)
    return os.path.join(real, "") if isdir(real) else real


def _is_glob(entry: str) -> bool:
    """Whether an entry of `interleave_include` is a path glob rather than the name of a module."""
    return "*" in entry or "/" in entry or os.sep in entry


def missing(name: str) -> bool:
    """Whether no source file can belong to the module or package `name`; False for a path glob."""
    return not _is_glob(name) and not any(isdir(stem) or isfile(stem + ".py") for stem in _stems(name))


def _module_path_matches(name: str, path: str) -> bool:
    """Whether `path` is the file of the module `name`, or lies in the package `name`."""
    return any(path.startswith(stem + os.sep) or path == stem + ".py" for stem in _stems(name))


def _stems(name: str) -> Iterator[str]:
    """Yield the paths, without `.py`, at which the module or package `name` could lie."""
    steps = name.split(".")
    for entry in sys.path:
        yield os.path.join(realpath(entry or os.curdir), *steps)
    # An editable installation may lie outside `sys.path`. Only the outermost package is asked for, because finding it
    # does not import it.
    try:
        spec = importlib.util.find_spec(steps[0])
    except (ImportError, ValueError):
        return
    if spec is not None and spec.submodule_search_locations is not None:
        for location in spec.submodule_search_locations:
            yield os.path.join(realpath(location), *steps[1:])
    elif spec is not None and spec.origin is not None and len(steps) == 1:
        yield realpath(spec.origin).removesuffix(".py")
