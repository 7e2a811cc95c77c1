"""Objects of types that are written in C and that nothing more is known of: what an access to one touches.

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
#: Where a method that stands for a C function has that function's address; where a weak reference has its object's.
_FUNCTION = _HEADER + 4
_REFERENT = _HEADER
#: Beyond so many an object is more than what stands for another one.
_MOST_BEHIND = 8

LruCache: type = type(functools.lru_cache(lambda: None))


def _word_of(thing: Any, offset: int) -> int:
    word: int = words[id(thing) // _WORD + offset]
    return word


class _Probe:
    pass


def _readable() -> bool:
    """Whether memory is as it is expected to be."""
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


#: With these modules there are containers that any operator can be used on, with a number, too.
_OF_ARRAYS = frozenset(("numpy", "polars", "torch"))


def arrays_exist() -> bool:
    """Whether what stands beside a number in an expression may be an array."""
    return not _OF_ARRAYS.isdisjoint(sys.modules)


def has_own_access(kind: type) -> bool:
    """Whether attributes of a type's values are looked up in a way of the type's own, written in C: proxies do that."""
    if kind is types.ModuleType or kind is super or is_class(kind):
        return False
    holder = class_holding(kind, "__getattribute__")
    if holder is None or holder[0] is object or type(holder[1]) is not types.WrapperDescriptorType:
        return False
    return _readable_now and _word_of(holder[1], _FUNCTION) != _PLAIN


def behind(owner: Any) -> list[Any]:
    """What an object stands for, if it is a proxy that is written in C."""
    kind = type(owner)
    if not has_own_access(kind):
        return _base_of(owner)
    if any(kind is proxy for proxy in _WEAK_PROXIES):
        referent = referent_of(owner)
        return [] if referent is None else [referent]
    return [thing for thing in gc.get_referents(owner)[:_MOST_BEHIND] if is_shared_state(thing)]


def referent_of(weak: Any) -> Any:
    """What a weak reference, or a proxy, refers to, as long as that lives."""
    address = _word_of(weak, _REFERENT) if _readable_now else id(None)
    return None if address == id(None) else object_at(address)


def _base_of(owner: Any) -> list[Any]:
    """The array whose memory an array is a part of; more generally, what a type written in C calls the base."""
    for name in _BASES:
        holder = class_holding(type(owner), name)
        if holder is not None and is_one_of(type(holder[1]), types.GetSetDescriptorType, types.MemberDescriptorType):
            base = holder[1].__get__(owner)
            if type(base) is memoryview:
                try:
                    base = base.obj
                except ValueError:
                    # It is released.
                    return []
            if base is not None:
                return [base, *_base_of(base)]
    return []


#: Of arrays of NumPy, and of those of `ctypes`.
_BASES = ("base", "_b_base_")


def is_shared_state(thing: Any) -> bool:
    """Whether threads can share an object and change it, as far as its type tells."""
    kind = type(thing)
    return not (kind_of(kind) in (STILL, LOCAL) or is_class(kind) or kind is types.ModuleType)


def is_native(kind: type) -> bool:
    """Whether a type, or one that it is derived from, has methods written in C that see to a state of their own."""
    if is_class(kind) or kind is types.ModuleType:
        return False
    return any(_has_native_methods(base) for base in bases_of(kind))


def _has_native_methods(kind: type) -> bool:
    if kind is object or kind_of(kind) == STILL or issubclass(kind, BaseException):
        return False
    if not is_made_by_a_program(kind):
        return True
    # Without a generator, which takes several times as long: this is asked at each call of a library.
    for value in tuple(namespace_of(kind).values()):
        its = type(value)
        if its is types.WrapperDescriptorType or its is types.MethodDescriptorType:
            return True
    return False
