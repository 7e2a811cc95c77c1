"""Keys of dictionaries as parts of what is touched: equal keys give equal parts.

No code of the program is run to determine that.
"""

from __future__ import annotations

import types
from typing import Any

from ..steps._touches import NOTHING, READS, Touches
from ._object_names import name_of
from ._owners import MISSING, attribute, stored_attribute
from ._types import class_holding, identities, is_made_by_a_program, namespace_of
from ._written import is_generated, python_function

#: The addresses of the types of keys that are compared without any code of the program.
PLAIN_KEYS = identities((str, int, bytes, bool, type(None), float))
#: Comes first in a part that is not the key itself, but identifies it.
TOLD_BY = object()

_AS_PLAIN: dict[int, Any] = {
    id(str): str.__str__, id(int): int.__int__, id(float): float.__float__, id(bytes): bytes.__bytes__,
}  # fmt: skip
#: At most this many levels of a key are inspected; a deeper key is `UNKNOWN`.
_DEEPEST = 3


#: Stands for a part if it cannot be determined which key it is.
UNKNOWN = object()


class _UnknownError(Exception):
    """It cannot be determined which key it is."""


def part_of(key: Any) -> Any:
    """Return a key as a part: the value that it is compared by, or `UNKNOWN` if that is not known."""
    try:
        return _part(key, _DEEPEST)
    except _UnknownError:
        return UNKNOWN


def shows_key(part: Any) -> bool:
    """Whether a part is the key itself, and can be shown to people."""
    return part is not TOLD_BY and part is not UNKNOWN and (type(part) is not tuple or all(map(shows_key, part)))


def read_by_hash(key: Any, depth: int = _DEEPEST) -> Touches:
    """Return what a generated `__hash__` reads of a key, or of the elements of a tuple: attributes.

    What any other method reads is seen when it does, or it is written in C.
    """
    kind = type(key)
    if id(kind) in PLAIN_KEYS or not depth:
        return NOTHING
    if kind is tuple:
        for inner in key:
            if id(type(inner)) not in PLAIN_KEYS:
                break
        else:
            # Most are like this.
            return NOTHING
    holder = class_holding(kind, "__hash__")
    if holder is None or holder[0] is object:
        return NOTHING
    if holder[0] is tuple:
        return tuple([touch for inner in tuple.__iter__(key) for touch in read_by_hash(inner, depth - 1)])
    function = python_function(holder[1]) if is_generated(holder[1]) else None
    if function is None:
        return NOTHING
    names = [name for name in function.__code__.co_names if stored_attribute(key, name) is not MISSING]
    return tuple([touch for name in names for touch in attribute(key, name, READS)])


def _part(key: Any, depth: int) -> Any:
    kind = type(key)
    if id(kind) in PLAIN_KEYS:
        return key
    if not depth:
        raise _UnknownError
    equality = class_holding(kind, "__eq__")
    base = None if equality is None else equality[0]
    if base is tuple:
        return tuple([_part(inner, depth - 1) for inner in tuple.__iter__(key)])
    if base is frozenset:
        return (TOLD_BY, frozenset, frozenset([_part(inner, depth - 1) for inner in frozenset.__iter__(key)]))
    if id(base) in _AS_PLAIN:
        return _AS_PLAIN[id(base)](key)
    fields = _compared_fields(kind)
    if fields is not None:
        return (TOLD_BY, id(kind), tuple([_part(_field(key, name), depth - 1) for name in fields]))
    name = name_of(key)
    if name > 0:
        # Another key may get its address later.
        raise _UnknownError
    return (TOLD_BY, name)


def _compared_fields(kind: type) -> tuple[str, ...] | None:
    """Return the fields that a dataclass compares in its generated `__eq__`; None for other classes."""
    holder = class_holding(kind, "__eq__")
    if holder is None or not is_made_by_a_program(holder[0]) or holder[0] is not kind:
        return None
    fields = namespace_of(kind).get("__dataclass_fields__")
    method = holder[1]
    if type(fields) is not dict or type(method) is not types.FunctionType or method.__code__.co_filename != "<string>":
        return None
    return tuple(name for name, field in fields.items() if field.compare)


def _field(key: Any, name: str) -> Any:
    value = stored_attribute(key, name)
    if value is MISSING:
        raise _UnknownError
    return value
