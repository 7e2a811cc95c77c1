"""Classes written in C in whose place other classes stand: what calls make that are not calls of a function."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from typing import Any

from ..execution.units import _current
from ..identity._types import is_made_by_a_program, stand_ins
from ..scope import _real
from ..steps._things import WRITE, Thing
from ._uses import like, note

_units = _current.units
_get_ident = _real.get_ident


def is_for_a_test() -> bool:
    """Whether what is made now is a marked test's, or that of its fixtures."""
    return _units[_get_ident()] is not None or _current.state.making_fixtures


def in_place_of(real: type, make: Callable[..., Any]) -> Any:
    """Return a class to be put in the place of `real`: all objects of `real` are instances of it.

    If a test calls it, or a class that is derived from it, `make` is called with that class and the arguments.
    """

    # Otherwise no class could be derived from it and from an abstract class.
    class Like(abc.ABCMeta):
        def __call__(cls, *args: Any, **options: Any) -> Any:
            if is_for_a_test():
                return make(cls, *args, **options)
            return real(*args, **options) if cls is made else super().__call__(*args, **options)

        def __instancecheck__(cls, thing: Any) -> bool:
            return isinstance(thing, real) if cls is made else super().__instancecheck__(thing)

        def __subclasscheck__(cls, kind: Any) -> bool:
            return issubclass(kind, real) if cls is made else super().__subclasscheck__(kind)

    made: Any = Like(real.__name__, (real,), {"__slots__": (), "__module__": real.__module__})
    return like(real, made)


def made_by_subclasses(real: type, stand_in: Callable[[type], type]) -> Iterator[tuple[type, str, Any]]:
    """Yield replacements for the method `__init__` of each class that a program has derived from `real`.

    In a test, the new object gets the class that stands in for its own.
    """
    # Not for `__new__`: when that is deleted again, CPython does not forget it.
    subclasses: list[type] = real.__subclasses__()
    for kind in subclasses:
        if is_made_by_a_program(kind) and not _is_one_of_ours(kind):
            yield kind, "__init__", _beginning(kind, stand_in)


def _is_one_of_ours(kind: type) -> bool:
    # The class that `in_place_of` makes says that it is of another module.
    return type(kind).__module__ == __name__ or kind.__module__.startswith(_PACKAGE)


_PACKAGE = __name__.partition(".")[0]


def _beginning(kind: Any, stand_in: Callable[[type], type]) -> Callable[..., None]:
    own = vars(kind).get("__init__")

    def __init__(self: Any, *args: Any, **options: Any) -> None:
        if is_for_a_test() and not give_class(self, stand_in):
            _note_unseen(kind)
        if own is None:
            super(kind, self).__init__(*args, **options)
        else:
            own(self, *args, **options)

    return __init__ if own is None else like(own, __init__)


def _note_unseen(kind: Any) -> None:
    unit = _units[_get_ident()]
    if unit is not None:
        note(unit, Thing("class", kind, kind.__qualname__), WRITE, "called")


def give_class(made: Any, stand_in: Callable[[type], type]) -> bool:
    """Give an object the class that stands in for its own; return False if that is not possible."""
    kind = type(made)
    if id(kind) in stand_ins:
        return True
    try:
        made.__class__ = stand_in(kind)
    except TypeError:
        return False
    return True
