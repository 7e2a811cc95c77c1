"""Functions of the standard library that keep a function of `os` as the default of an argument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any


def of_tempfile(module: ModuleType, stand_ins: Mapping[int, Any]) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `tempfile`, whose files remove themselves with what they keep.

    `stand_ins` has the stand-in for each real function, by the address of that.
    """
    kind = getattr(module, "_TemporaryFileCloser", object)
    for name, function in vars(kind).items():
        if isinstance(function, FunctionType) and any(id(value) in stand_ins for value in function.__defaults__ or ()):
            yield kind, name, _with_stand_ins(function, stand_ins)


def _with_stand_ins(function: FunctionType, stand_ins: Mapping[int, Any]) -> FunctionType:
    defaults = tuple(stand_ins.get(id(value), value) for value in function.__defaults__ or ())
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, defaults, function.__closure__)
    copy.__qualname__, copy.__doc__ = function.__qualname__, function.__doc__
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
