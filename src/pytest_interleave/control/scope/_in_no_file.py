"""Code that is in no file: from `exec`, notebook cells, doctests, and modules whose source is missing.

Whether such code belongs to the program depends on the globals that it runs in. It does if they are those of a module
in scope, those of no known module, or those of a `__main__` that people type into. Of the methods that `dataclasses`,
attrs and `namedtuple` generate for a class, only those belong to the program that read what other threads can change:
comparisons and `__repr__`.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Mapping
from types import CodeType
from typing import Any

from . import _observed
from ._frozen import is_file
from ._modules import imported


class _Answers(dict[str, bool]):
    def __missing__(self, filename: str) -> bool:
        with _observed.unobserved():
            answer = self[filename] = not filename.startswith("<frozen ") and not is_file(filename)
        return answer


#: `is_in_no_file[co_filename]`: whether the code is in no file.
is_in_no_file = _Answers()

_LOOKING = frozenset(("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__repr__"))
_OF_DATACLASSES = "__create_fn__.<locals>."
_OF_ATTRS = r"<attrs generated \w+ ([\w.]+)"
_OF_NAMED_TUPLES = "namedtuple_"


def is_made_by_dataclasses(code: CodeType) -> bool:
    """Whether `dataclasses` has generated a method, from the names of a class's attributes."""
    return code.co_qualname.startswith(_OF_DATACLASSES)


class MadeByTheProgram:
    """Decides whether the program made a code object that is in no file, and remembers the answer.

    `holds` maps the name of a file to whether the file is in scope.
    """

    def __init__(self, holds: Mapping[str, bool]) -> None:
        self._holds = holds
        #: By address of the code object.
        self._known: dict[int, tuple[weakref.ref[CodeType], bool]] = {}

    def __call__(self, code: CodeType, namespace: dict[str, Any] | None) -> bool:
        """Whether the program made `code`, which runs with the globals `namespace`.

        Without the globals (None), the answer is the remembered one, or False.
        """
        address = id(code)
        known = self._known.get(address)
        if known is not None:
            return known[1]
        if namespace is None:
            return False
        answer = self._judge(code, namespace)
        self._known[address] = weakref.ref(code, lambda _: self._known.pop(address, None)), answer
        return answer

    def _judge(self, code: CodeType, namespace: dict[str, Any]) -> bool:
        if is_made_by_dataclasses(code):
            return code.co_name in _LOOKING and self._is_of_the_program(namespace)
        attrs = re.match(_OF_ATTRS, code.co_filename)
        if attrs is not None:
            return code.co_name in _LOOKING and self._is_of_the_program(_module_of(attrs[1]) or namespace)
        return self._is_of_the_program(namespace)

    def _is_of_the_program(self, namespace: dict[str, Any]) -> bool:
        name = dict.get(namespace, "__name__")
        filename = dict.get(namespace, "__file__")
        if type(filename) is not str and type(name) is str:
            if name.startswith(_OF_NAMED_TUPLES):
                return False
            filename = (imported(name) or {}).get("__file__")
        return self._holds[filename] if type(filename) is str else True


def _module_of(path: str) -> dict[str, Any] | None:
    """Return the globals of the innermost imported module that the dotted name `path` leads through, or None."""
    while path:
        path = path.rpartition(".")[0]
        namespace = imported(path)
        if namespace is not None:
            return namespace
    return None
