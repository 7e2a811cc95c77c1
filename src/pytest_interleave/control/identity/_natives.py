"""The touches of objects whose types are written in C and of which nothing more is known.

Each call is one step, and whatever it does concerns the object as a whole, or what the object stands for.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
import weakref
from typing import Any

from ..interpreter._frames import layout, object_at, words
from ..scope._of_classes import OfClasses
from ._types import (
    LOCAL,
    STILL,
    bases_of,
    class_holding,
    is_class,
    is_made_by_a_program,
    is_one_of,
    kind_of,
    namespace_of,
)

_WORD = 8
_HEADER = object.__basicsize__ // _WORD
#: The positions, in words, of the function's address in a method that stands for a C function, and of the object's
#: address in a weak reference.
_FUNCTION = _HEADER + 4
_REFERENT = _HEADER
#: At most this many objects behind a proxy are inspected: an object with more does not just stand for another one.
_MOST_BEHIND = 8

LruCache: type = type(functools.lru_cache(lambda: None))


def _word_of(thing: Any, offset: int) -> int:
    word: int = words[id(thing) // _WORD + offset]
    return word


class _Probe:
    pass


def _readable() -> bool:
    """Whether memory is laid out as expected."""
    if layout is None:
        return False
    probe = _Probe()
    plain = object.__dict__["__getattribute__"]
    return (
        _word_of(weakref.ref(probe), _REFERENT) == id(probe) == _word_of(weakref.proxy(probe), _REFERENT)
        and _word_of(plain, _FUNCTION) == _word_of(functools.partial.__dict__.get("__getattribute__", plain), _FUNCTION)
        and _word_of(plain, _FUNCTION) != _word_of(type.__dict__["__getattribute__"], _FUNCTION)
    )


_readable_now = _readable()
_PLAIN = _word_of(object.__dict__["__getattribute__"], _FUNCTION) if _readable_now else 0
_WEAK_PROXIES = (weakref.ProxyType, weakref.CallableProxyType)


#: Modules with containers that any operator can be used on, with a number, too.
_OF_ARRAYS = frozenset(("numpy", "polars", "torch"))


def arrays_exist() -> bool:
    """Whether the operand beside a number in an expression may be an array."""
    return not _OF_ARRAYS.isdisjoint(sys.modules)


@OfClasses
def has_own_access(kind: type) -> bool:
    """Whether a type looks up attributes of its values in a way of its own, written in C, as proxies do."""
    if kind is types.ModuleType or kind is super or is_class(kind):
        return False
    holder = class_holding(kind, "__getattribute__")
    if holder is None or holder[0] is object or type(holder[1]) is not types.WrapperDescriptorType:
        return False
    return _readable_now and _word_of(holder[1], _FUNCTION) != _PLAIN


def behind(owner: Any) -> list[Any]:
    """Return what an object stands for, if it is a proxy written in C or an array that is a part of another one."""
    kind = type(owner)
    if not has_own_access(kind):
        return _base_of(owner)
    if any(kind is proxy for proxy in _WEAK_PROXIES):
        referent = referent_of(owner)
        return [] if referent is None else [referent]
    return [thing for thing in gc.get_referents(owner)[:_MOST_BEHIND] if is_shared_state(thing)]


def referent_of(weak: Any) -> Any:
    """Return what a weak reference or a weak proxy refers to, or None if that is dead or cannot be read."""
    address = _word_of(weak, _REFERENT) if _readable_now else id(None)
    return None if address == id(None) else object_at(address)


def _base_of(owner: Any) -> list[Any]:
    """Return the array whose memory an array is a part of; more generally, what a type written in C calls the base."""
    for name in _BASES:
        holder = class_holding(type(owner), name)
        if holder is not None and is_one_of(type(holder[1]), types.GetSetDescriptorType, types.MemberDescriptorType):
            base = holder[1].__get__(owner)
            if type(base) is memoryview:
                try:
                    base = base.obj
                except ValueError:
                    # The view was released.
                    return []
            if base is not None:
                return [base, *_base_of(base)]
    return []


#: The names of the base in arrays of NumPy and in those of `ctypes`.
_BASES = ("base", "_b_base_")


def is_shared_state(thing: Any) -> bool:
    """Whether threads can share an object and change it, judged by its type."""
    kind = type(thing)
    return not (kind_of(kind) in (STILL, LOCAL) or is_class(kind) or kind is types.ModuleType)


@OfClasses
def is_native(kind: type) -> bool:
    """Whether a type, or one that it is derived from, has methods written in C that manage a state of their own."""
    if is_class(kind) or kind is types.ModuleType:
        return False
    return any(_has_native_methods(base) for base in bases_of(kind))


def is_of_ctypes(kind: type) -> bool:
    """Whether the values of a type are functions of libraries in C that `ctypes` has loaded."""
    module: Any = sys.modules.get("_ctypes")
    return module is not None and issubclass(kind, module.CFuncPtr)


def _has_native_methods(kind: type) -> bool:
    if kind is object or kind_of(kind) == STILL or issubclass(kind, BaseException):
        return False
    if not is_made_by_a_program(kind):
        return True
    written_in_c = types.WrapperDescriptorType, types.MethodDescriptorType
    return any(is_one_of(type(value), *written_in_c) for value in tuple(namespace_of(kind).values()))
