"""What is known of classes."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ._or_none import OrNone

_Value = TypeVar("_Value")

_bases_of = type.__dict__["__mro__"].__get__


class OfClasses(Generic[_Value]):
    """The results of a function of a class, each kept until that class is freed or gets other bases.

    So the result must not depend on what else of the class may change. Classes are known by their addresses: their
    metaclasses may define equality and hashes.
    """

    __slots__ = ("_find", "_known")

    def __init__(self, find: Callable[[type], _Value]) -> None:
        self._find = find
        self._known: OrNone[int, tuple[int, weakref.ref[Any], _Value]] = OrNone()

    def __call__(self, kind: type) -> _Value:
        known = self._known[id(kind)]
        # Other bases are another tuple.
        bases = id(_bases_of(kind))
        if known is not None and known[0] == bases:
            return known[2]
        found = self._find(kind)
        # Written in C, because a program may let a class die anywhere.
        forget = functools.partial(self._known.pop, id(kind))
        self._known[id(kind)] = bases, weakref.ref(kind, forget), found
        return found
