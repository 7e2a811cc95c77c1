"""The value that an access reads or writes, as a short text. No code of the program is run for it."""

from __future__ import annotations

import functools
import re
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from enum import Enum
from itertools import accumulate, islice
from types import FrameType
from typing import Any

from ..interpreter._frames import layout, object_at, slot_address
from ..interpreter._stack_depths import stack_depths, variables_of
from ._keys import PLAIN_KEYS, TOLD_BY, UNKNOWN, part_of
from ._object_names import object_named
from ._owners import MISSING, attributes_of, stored_attribute
from ._types import CONTAINER, bases_of, class_holding, is_class, is_dict, is_one_of, kind_of, name_of_class

#: The limits of a text: its characters, the items of a container, and the levels of containers. The rest is shown as
#: "…".
_LONGEST = 60
_MOST = 6
_DEEPEST = 2

#: What is between two of these characters, which are for private use, is shown differently: the name of an object, or
#: after an equals sign a float.
MARK = "\ue000"
_PARTS = re.compile(f"({MARK}(?:=([^{MARK}]+)|[^{MARK}]+){MARK}|.)", re.DOTALL)
#: Floats are shown with this many significant digits, or as many as are needed to distinguish those of one row.
DIGITS = 7
#: With this many, different floats differ.
ALL_DIGITS = 17

#: How far below the top of the stack the value lies that an instruction is about to write.
_NEW_VALUES = {"STORE_ATTR": 2, "STORE_SUBSCR": 3, "STORE_GLOBAL": 1, "STORE_DEREF": 1}
#: The brackets of a type, by its address: a metaclass may define hashes and equality.
_OPEN: dict[int, tuple[str, str]] = {
    id(list): ("[", "]"), id(tuple): ("(", ")"), id(set): ("{", "}"), id(frozenset): ("{", "}"), id(dict): ("{", "}"),
}  # fmt: skip

#: Types that are shown with their names, by address, and the type whose brackets they have.
_NAMED: dict[int, type] = {id(deque): list, id(OrderedDict): dict, id(Counter): dict, id(defaultdict): dict}

#: Stands for a value that may exist, but cannot be read without running code.
UNREADABLE = object()


def value_at(owner: Any, part: Any) -> Any:
    """Return what `owner` has now under the name, key or index `part`.

    `MISSING` if it has nothing there; `UNREADABLE` if that is not known.
    """
    if type(owner) is types.CellType:
        try:
            return owner.cell_contents
        except ValueError:
            return MISSING
    kind = type(owner)
    if part is None:
        return owner if kind_of(kind) == CONTAINER else UNREADABLE
    if id(type(part)) not in PLAIN_KEYS:
        return _item_with(owner, part) if is_dict(kind) else UNREADABLE
    if is_dict(kind) and dict.__contains__(owner, part):
        return dict.__getitem__(owner, part)
    if issubclass(kind, list) and type(part) is int:
        return list.__getitem__(owner, part) if 0 <= part < list.__len__(owner) else MISSING
    value = _attribute(owner, part) if type(part) is str else UNREADABLE
    if is_dict(kind) and (value is UNREADABLE or value is MISSING):
        # The program's own class may look for its items elsewhere, too.
        return MISSING if _looks_up_plainly(kind) else UNREADABLE
    return value


def _looks_up_plainly(kind: type) -> bool:
    holder = class_holding(kind, "__getitem__")
    return holder is not None and holder[0] is dict


def _item_with(container: dict[Any, Any], part: Any) -> Any:
    """Return the item of a dictionary whose key cannot be looked up, because the program defines its equality."""
    if part is UNKNOWN:
        return UNREADABLE
    for key, value in dict.items(container):
        if id(type(key)) not in PLAIN_KEYS and part_of(key) == part:
            return value
    return MISSING if _looks_up_plainly(type(container)) and not _may_equal_others(part) else UNREADABLE


def _may_equal_others(part: Any) -> bool:
    """Whether a part stands for an object whose class defines equality: another key may be equal."""
    if type(part) is not tuple:
        return False
    if len(part) == 2 and part[0] is TOLD_BY and type(part[1]) is int:
        key = object_named(part[1])
        equality = None if key is None else class_holding(type(key), "__eq__")
        return equality is None or equality[0] is not object
    return any(map(_may_equal_others, part))


def _attribute(owner: Any, name: str) -> Any:
    if name == "__class__":
        return type(owner)
    kind = type(owner)
    if is_class(kind):
        holder = class_holding(owner, name)
        return MISSING if holder is None else holder[1]
    value = stored_attribute(owner, name)
    if value is not MISSING:
        return value
    holder = class_holding(kind, name)
    if holder is not None:
        return _of_class(holder[1])
    # An item, or what is computed when it is asked for, has no place where it could be seen.
    computed = any(class_holding(kind, special) is not None for special in ("__getattr__", "__getitem__"))
    return UNREADABLE if computed or attributes_of(owner) is None else MISSING


def _of_class(value: Any) -> Any:
    """Return what an instance without an attribute of its own has if its class has `value` under that name."""
    kind = type(value)
    if kind is types.MemberDescriptorType or issubclass(kind, functools.cached_property):
        # An empty slot; and a value that was not computed yet.
        return MISSING
    return value if class_holding(kind, "__get__") is None else UNREADABLE


def new_value(frame: FrameType, opname: str, lasti: int) -> Any:
    """Return what the instruction that `frame` is about to run will write; `MISSING` if it writes no value."""
    return _on_stack(frame, lasti, _NEW_VALUES.get(opname))


def owner_of_attribute(frame: FrameType, opname: str, lasti: int) -> Any:
    """Return the object whose attribute the instruction is about to set; touches may only name its `__dict__`."""
    return _on_stack(frame, lasti, 1 if opname == "STORE_ATTR" else None)


def _on_stack(frame: FrameType, lasti: int, below: int | None) -> Any:
    if below is None or layout is None:
        return MISSING
    code = frame.f_code
    depth = stack_depths(code).get(lasti)
    if depth is None:
        return MISSING
    return object_at(slot_address(frame, variables_of(code) + depth - below))


def unnumbered(value: Any) -> str:
    """Return the text for an object that is shown by its type alone."""
    return f"<{name_of_class(type(value))} object>"


def short_text(
    value: Any, depth: int = 0, named: Callable[[Any], str] = unnumbered, number: Callable[[float], str] = repr
) -> str:
    """Return a value as a short text.

    `named` returns the text of a value whose type is not built in, and `number` that of a float.
    """
    kind = type(value)
    if value is MISSING:
        return "unset"
    if kind is float:
        return number(value)
    if is_one_of(kind, bool, type(None), complex):
        return repr(value)
    if kind is int:
        return _cut(repr(value)) if value.bit_length() < 1_000 else f"<int of {value.bit_length()} bits>"
    if is_one_of(kind, str, bytes, bytearray):
        return _cut(repr(value[: _LONGEST + 1]))
    if id(kind) in _OPEN:
        return _cut(_container_text(value, kind, depth, named, number))
    if id(kind) in _NAMED:
        return _cut(f"{name_of_class(kind)}({_container_text(value, _NAMED[id(kind)], depth, named, number)})")
    if any(base is Enum for base in bases_of(kind)):
        name = stored_attribute(value, "_name_")
        return f"{name_of_class(kind)}.{name}" if type(name) is str else unnumbered(value)
    if is_class(kind):
        return f"<class {name_of_class(value)}>"
    if is_one_of(kind, types.FunctionType, types.BuiltinFunctionType):
        return f"<function {value.__name__}>"
    return named(value)


def _container_text(
    value: Any, kind: type, depth: int, named: Callable[[Any], str], number: Callable[[float], str]
) -> str:
    start, end = _OPEN[id(kind)]
    if depth >= _DEEPEST:
        return f"{start}…{end}" if value else start + end
    if kind is dict:
        shown = [
            f"{short_text(key, depth + 1, named, number)}: {short_text(inner, depth + 1, named, number)}"
            for key, inner in _first(dict.items(value))
        ]
    else:
        shown = [short_text(inner, depth + 1, named, number) for inner in _first(value)]
    if kind in (set, frozenset):
        shown.sort()
        if not shown:
            return f"{kind.__name__}()"
    if len(value) > _MOST:
        shown.append("…")
    inside = ", ".join(shown)
    return f"({inside},)" if kind is tuple and len(shown) == 1 else f"{start}{inside}{end}"


def _first(values: Iterable[Any]) -> list[Any]:
    """Return the first values, as many as are shown. All are taken before any of them becomes a text."""
    return list(islice(values, _MOST))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    if MARK not in text:
        return text[: _LONGEST - 1] + "…"
    parts = _PARTS.findall(text)
    lengths = [len(rounded(float(number), DIGITS)) if number else len(part.strip(MARK)) for part, number in parts]
    if sum(lengths) <= _LONGEST:
        return text
    most = sum(total < _LONGEST for total in accumulate(lengths))
    return "".join(part for part, _ in parts[:most]) + "…"


def marked(value: float) -> str:
    """Return a float for a text in which it is rounded later."""
    return f"{MARK}={value!r}{MARK}"


def rounded(value: float, digits: int) -> str:
    """Return a float with at most about `digits` digits, or all of those before the decimal point and one more."""
    exact = repr(value)
    before = len(str(int(abs(value)))) if 1 <= abs(value) < 1e16 else 0
    # Zeros at the end say that it is rounded: "0.3000000".
    text = f"{value:.{max(1, digits - before)}f}" if before else f"{value:#.{digits}g}"
    return min(exact, text, key=len)
