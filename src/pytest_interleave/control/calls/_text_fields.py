"""The touches of `"{0.name}".format(thing)`: the attributes and items that the fields of the text name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import Formatter
from typing import Any

from ..identity._items import item
from ..identity._owners import MISSING, attribute, stored_attribute
from ..identity._types import is_dict
from ..identity._wholes import TEXT, contents, operand
from ..steps._touches import NOTHING, READS, Touches

_parse = Formatter().parse
#: The parts of a field's name after the first: `.attribute` or `[key]`.
_PARTS = re.compile(r"\.([^.\[]+)|\[([^\]]*)\]")
_FIRST = re.compile(r"[^.\[]*")


def formatted(template: str, given: Sequence[Any]) -> Touches:
    """Return what `str.format` touches: what each field reads.

    A field with a name may refer to any argument, because the names of arguments are not known here.
    """
    touches = NOTHING
    for first, path in _fields(template):
        values = given[int(first) : int(first) + 1] if first.isdecimal() else given
        for value in values:
            touches += _followed(value, path)
    return tuple(dict.fromkeys(touches))


def formatted_from(template: str, mapping: Any) -> Touches:
    """Return what `str.format_map` touches."""
    touches = contents(mapping, READS)
    if is_dict(type(mapping)):
        for first, path in _fields(template):
            touches += _followed(dict.get(mapping, first, MISSING), path)
    return touches


def _fields(template: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield what the name of each field begins with, and the attributes and keys after that; nested fields included."""
    numbers = iter(range(len(template)))
    waiting = [template]
    for text in waiting:
        try:
            fields = [(name, specification) for _, name, specification, _ in _parse(text) if name is not None]
        except ValueError:
            return
        for name, specification in fields:
            found = _FIRST.match(name)
            first = found[0] if found else ""
            yield first or str(next(numbers)), _PARTS.findall(name)
            if specification:
                waiting.append(specification)


def _followed(value: Any, path: Sequence[tuple[str, str]]) -> Touches:
    """Return what following a path from `value` touches, while that is possible, and making a text of its end."""
    touches = NOTHING
    for name, key in path:
        if value is MISSING:
            return touches
        if name:
            touches += attribute(value, name, READS)
            value = stored_attribute(value, name)
        else:
            index: Any = int(key) if key.isdecimal() else key
            touches += item(value, index, READS)
            value = _stored_item(value, index)
    return touches if value is MISSING else touches + operand(value, READS, TEXT)


def _stored_item(container: Any, index: Any) -> Any:
    kind = type(container)
    if kind is dict:
        return dict.get(container, index, MISSING)
    if (kind is list or kind is tuple) and type(index) is int and index < len(container):
        return container[index]
    return MISSING
