"""The choice whether a call of `threading.Lock()` and the like makes our primitive or the standard library's.

While the plugin is in place, the names in `threading`, `queue` and `_thread` stand for our classes. Code that has
nothing to do with the tests must not notice, so our classes make the real object unless the call comes from a
controlled thread or from code in scope (directly, or through a library that this code calls).
"""

from __future__ import annotations

import sys
from typing import Any, TypeVar

from ..execution.units import _current
from ..scope import _real
from ..scope._places import scope_frame

#: Our public classes that stand in for the real ones, with what they stand for.
real_of: dict[type, Any] = {}

_units = _current.units
_state = _current.state
_get_ident = _real.get_ident
_make = type.__call__
Kind = TypeVar("Kind")


def wanted() -> bool:
    """Whether the caller of a stand-in is to get our primitive."""
    if _state.making_fixtures or _get_ident() in _units:
        return True
    if not _state.stand_ins:
        # Our class itself was called, by code that imported it while it was in place.
        return True
    return scope_frame(sys._getframe(2)) is not None


def make_ours(cls: type[Kind]) -> Kind:
    """Return an object of one of our classes, whatever code asks for it."""
    made: Kind = _make(cls)
    return made


class Primitive(type):
    """The metaclass of our primitives: it decides what a call makes, and counts real ones as instances, too."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if _get_ident() not in _units:
            real = real_of.get(cls)
            if real is not None and not wanted():
                return real(*args, **kwargs)
        return _make(cls, *args, **kwargs)

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        if any(base in real_of for base in bases) and not wanted():
            # A library derives a class of its own while our names are in place: it derives from the real one.
            bases = tuple(real_of.get(base, base) for base in bases)
            plain = type(bases[0])
            if not issubclass(plain, Primitive):
                return plain(name, bases, namespace, **options)
        return super().__new__(mcs, name, bases, namespace, **options)

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        real = real_of.get(cls)
        if real is None:
            return False
        kind = _kinds.get(cls)
        return isinstance(instance, kind if kind is not None else real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        if super().__subclasscheck__(subclass):
            return True
        real = real_of.get(cls)
        kind = _kinds.get(cls, real)
        return isinstance(kind, type) and issubclass(subclass, kind)


#: For stand-ins of functions (`threading.Lock` up to Python 3.12): the type of what the function returns.
_kinds: dict[type, type] = {}


def stands_for(cls: type, real: Any, kind: type | None = None) -> None:
    """Register `cls` as the stand-in for `real`, which makes objects of type `kind` if it is not a class."""
    real_of[cls] = real
    if kind is not None:
        _kinds[cls] = kind
