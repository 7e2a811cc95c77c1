"""The kinds of types, by what an access to their values touches; found without running code of the types."""

from __future__ import annotations

import array
import collections
import functools
import itertools
import operator
import re
import struct
import sys
import threading
import types
from typing import Any

from ..scope import _real
from ..scope._of_classes import OfClasses
from ..scope._or_none import OrNone

#: The bases of a class, itself first, and what it has of its own. A metaclass cannot change the answers.
bases_of = type.__dict__["__mro__"].__get__
namespace_of = type.__dict__["__dict__"].__get__
name_of_class = type.__dict__["__name__"].__get__
qualname_of = type.__dict__["__qualname__"].__get__
_dictoffset = type.__dict__["__dictoffset__"].__get__
_flags = type.__dict__["__flags__"].__get__
_IMMUTABLE = 1 << 8

#: Types whose values never change. The contents of the values may.
_UNCHANGING: tuple[type, ...] = (
    int, float, complex, str, bytes, bool, type(None), tuple, frozenset, range, slice, type(...), type(NotImplemented),
    types.FunctionType, types.BuiltinFunctionType, types.CodeType, types.MethodType, types.MethodWrapperType,
    types.WrapperDescriptorType, types.MethodDescriptorType, types.ClassMethodDescriptorType,
    types.GetSetDescriptorType, types.MemberDescriptorType, types.FrameType, types.TracebackType, types.GenericAlias,
    types.UnionType, property, classmethod, staticmethod, super, re.Match, struct.Struct, functools.partial,
    operator.attrgetter, operator.itemgetter, operator.methodcaller, type(_real.real_lock()),
)  # fmt: skip
#: Types whose methods and items are the container's own.
_CONTAINERS: tuple[type, ...] = (
    list, dict, set, bytearray, collections.deque, collections.OrderedDict, collections.defaultdict, array.array,
)  # fmt: skip
#: Types whose contents belong to another object.
_VIEWS: tuple[type, ...] = (
    type({}.keys()), type({}.values()), type({}.items()), types.MappingProxyType, memoryview,
    type(collections.OrderedDict().keys()), type(collections.OrderedDict().values()),
    type(collections.OrderedDict().items()),
)  # fmt: skip
#: Iterators: to advance one changes it and reads what it goes through.
_ITERATORS: tuple[type, ...] = (
    type(iter([])), type(reversed([])), type(iter({})), type(iter({}.values())), type(iter({}.items())),
    type(reversed({})), type(reversed({}.values())), type(reversed({}.items())), type(iter(set())),
    type(iter(collections.deque())), type(reversed(collections.deque())), type(iter(bytearray())),
    type(iter(array.array("b"))), type(iter(())), type(iter(range(0))), type(iter("")), type(iter("\xff")),
    type(iter(b"")), type(iter(collections.OrderedDict())), enumerate, zip, map, filter, reversed,
    itertools.chain, itertools.islice, itertools.takewhile, itertools.dropwhile, itertools.filterfalse,
    itertools.starmap, itertools.zip_longest, itertools.compress, itertools.accumulate, itertools.pairwise,
    itertools.cycle, itertools.groupby, type(next(itertools.groupby("a"))[1]), type(itertools.tee(())[0]),
    type(iter(int, 0)),
)  # fmt: skip

#: The type of bound methods, written in C, that know the class that defines them. `types` has no name for it.
METHOD_OF_CLASS: type = type(re.compile("").match)

_LOCALS = tuple({threading.local, *(base for base in bases_of(threading.local) if base is not object)})


def identities(classes: tuple[type, ...]) -> frozenset[int]:
    """Return the addresses of classes, for membership tests: a metaclass may define equality and hashes."""
    return frozenset(map(id, classes))


_unchanging, _containers, _views, _iterators, _locals = map(
    identities, (_UNCHANGING, _CONTAINERS, _VIEWS, _ITERATORS, _LOCALS)
)

STILL, CONTAINER, VIEW, ITERATOR, OTHER, LOCAL = range(6)
#: The kinds of the classes that are the interpreter's own, by address.
_known: OrNone[int, int] = OrNone()


def kind_of(kind: type) -> int:
    """Return the kind of a type: one of the constants above."""
    found = _known[id(kind)]
    if found is None:
        if is_made_by_a_program(kind):
            return _judged(kind)
        found = _known[id(kind)] = _judge(kind)
    return found


def _judge(kind: type) -> int:
    address = id(kind)
    bases = [id(base) for base in bases_of(kind)]
    if address in _unchanging or (id(tuple) in bases and not _dictoffset(kind)):
        return STILL
    if address in _views:
        return VIEW
    if address in _iterators:
        return ITERATOR
    if not _containers.isdisjoint(bases):
        return CONTAINER
    if not _locals.isdisjoint(bases):
        return LOCAL
    return STILL if _compares_by_value(kind) else OTHER


_judged = OfClasses(_judge)


def _compares_by_value(kind: type) -> bool:
    """Whether a type written in C defines the hashes of its values: then they never change, unless they are proxies."""
    holder = class_holding(kind, "__hash__")
    if holder is None or holder[0] is object or type(holder[1]) is not types.WrapperDescriptorType:
        return False
    own = class_holding(kind, "__setattr__")
    return own is not None and own[0] is object


#: Classes of this package that stand in for classes of the interpreter and must look like those, by address.
stand_ins: dict[int, type] = {}
#: Addresses of the functions and classes in whose place there is something else during a test. If the program has found
#: the real one nevertheless, what it does by calling that is not seen.
replaced: set[int] = set()


def is_made_by_a_program(kind: type) -> bool:
    """Whether a class was made by a `class` statement or the like: it can be changed, and may be freed again."""
    return not _flags(kind) & _IMMUTABLE and id(kind) not in stand_ins


def is_one_of(kind: type, *classes: type) -> bool:
    """Whether a class is one of `classes`. It is neither compared, as `in` would do, nor hashed."""
    return any(kind is known for known in classes)


def module_of(kind: type) -> str:
    """Return the name of the module that a class says it is from."""
    module = namespace_of(kind).get("__module__")
    if module is None:
        return "" if is_made_by_a_program(kind) else type.__dict__["__module__"].__get__(kind)
    return module if type(module) is str else ""


def is_class(kind: type) -> bool:
    """Whether the values of a type are classes."""
    return issubclass(kind, type)


def is_dict(kind: type) -> bool:
    """Whether the values of a type are dictionaries, also those of a class derived from `dict`."""
    return issubclass(kind, dict)


def lives_on(kind: type) -> bool:
    """Whether a class is its module's, and so stays where it is: it can be identified by its address."""
    module = sys.modules.get(namespace_of(kind).get("__module__", "builtins"))
    found: Any = module
    for name in qualname_of(kind).split("."):
        if type(found) is types.ModuleType:
            found = vars(found).get(name)
        elif found is not None and is_class(type(found)):
            found = namespace_of(found).get(name)
        else:
            return False
    return found is kind


def class_holding(kind: type, name: str) -> tuple[type, Any] | None:
    """Return the first class, from `kind` on, that has `name`, and the value there; None if no class has it."""
    for base in bases_of(kind):
        namespace = namespace_of(base)
        if name in namespace:
            return base, namespace[name]
    return None
