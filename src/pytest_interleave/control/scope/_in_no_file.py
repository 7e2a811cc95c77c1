"""Code that is in no file: of `exec`, of a notebook's cells, of doctests, of modules whose source is not there.

Whether it belongs to the program is told by the globals that it runs in: those of a module in scope, those of no module
that is known, or those of a `__main__` that people type into. What is made for a class by `dataclasses`, by attrs or by
`namedtuple` belongs to the program where it looks at what others can change: comparisons and `repr`.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Mapping
from types import CodeType
from typing import Any

from . import _observed
from ._modules import imported


class _Answers(dict[str, bool]):
    def __missing__(self, filename: str) -> bool:
        with _observed.unobserved():
            answer = self[filename] = not filename.startswith("<frozen ") and not os.path.exists(filename)
        return answer


#: `is_in_no_file[co_filename]`
is_in_no_file = _Answers()

_LOOKING = frozenset(("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__repr__"))
_OF_DATACLASSES = "__create_fn__.<locals>."
_OF_ATTRS = r"<attrs generated \w+ ([\w.]+)"
_OF_NAMED_TUPLES = "namedtuple_"


class MadeByTheProgram:
    """Remembers of each code object whether the program has made it; `holds` tells that of files."""

    def __init__(self, holds: Mapping[str, bool]) -> None:
        self._holds = holds
        #: By address of the code.
        self._known: dict[int, tuple[weakref.ref[CodeType], bool]] = {}

    def __call__(self, code: CodeType, namespace: dict[str, Any] | None) -> bool:
        """Whether the program has made this code, whose globals are `namespace`; None where they are not at hand."""
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
        if code.co_qualname.startswith(_OF_DATACLASSES):
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
    """The globals of the module that `path`, the name of something in it, begins with."""
    while path:
        path = path.rpartition(".")[0]
        namespace = imported(path)
        if namespace is not None:
            return namespace
    return None
