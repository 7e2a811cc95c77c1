"""Numbers for the objects of one type that a report shows: "Account #1", "Account #2"."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable
from typing import Any

from ..identity._object_names import minds_references
from ..identity._types import bases_of, module_of, name_of_class, namespace_of
from ..identity._values import MARK, unnumbered

#: Objects of these modules have names of their own in reports, or texts.
_NAMED_ELSEWHERE = ("pytest_interleave", "threading", "_thread", "builtins")
#: The form of a name in texts that are not shown yet.
_NAME = re.compile(f"{MARK}([^{MARK}#]+) #([0-9]+){MARK}")


def _may_be_held(kind: type) -> bool:
    """Whether objects of a class with `__slots__` can be kept alive: nothing is done when they die."""
    bases = [base for base in bases_of(kind) if base is not object]
    return all("__slots__" in namespace_of(base) and "__del__" not in namespace_of(base) for base in bases)


class Numbered:
    """The names of objects; their numbers are in the order in which a report shows them."""

    def __init__(self) -> None:
        #: By address, a weak reference to the object that has the name. Objects without one are kept alive: instances
        #: of `object`, and those of classes with `__slots__`.
        self._known: dict[int, tuple[Any, str]] = {}
        self._count = 0
        #: By type, and number in texts that are not shown yet, the number that is shown.
        self._order: dict[str, dict[str, int]] = {}

    def name(self, value: Any) -> str:
        """Return a name for texts that `shown` is called with; "<Account object>" if it cannot be recognized later."""
        known = self._known.get(id(value))
        if known is not None and (known[0] is value or (type(known[0]) is weakref.ref and known[0]() is value)):
            return known[1]
        kind = type(value)
        held: Any = value
        if kind is not object:
            if minds_references(kind) or module_of(kind).partition(".")[0] in _NAMED_ELSEWHERE:
                return unnumbered(value)
            try:
                held = weakref.ref(value)
            except TypeError:
                if not _may_be_held(kind):
                    return unnumbered(value)
        self._count += 1
        name = f"{MARK}{name_of_class(kind)} #{self._count}{MARK}"
        self._known[id(value)] = held, name
        return name

    def show_first(self, texts: Iterable[str]) -> None:
        """Give the objects in `texts` the first numbers, in that order."""
        self._order.clear()
        for text in texts:
            for kind, number in _NAME.findall(text):
                self._number(kind, number)

    def shown(self, text: str) -> str:
        """Return a text as reports show it."""
        return _NAME.sub(lambda name: f"{name[1]} #{self._number(name[1], name[2])}", text) if MARK in text else text

    def _number(self, kind: str, number: str) -> int:
        numbers = self._order.setdefault(kind, {})
        return numbers.setdefault(number, len(numbers) + 1)
