"""Files that are mapped into memory, under control. What threads do to the memory itself is not seen."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ...execution.units import _current
from ...scope import _real
from ...steps._things import EXCHANGE, READ, WRITE, Thing
from .._uses import derived, like, note
from ._handles import handle_of
from ._paths import status_of_descriptor
from ._touched import file_of

_units = _current.units
_get_ident = _real.get_ident


def of_mmap(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `mmap`."""
    yield module, "mmap", _mapped_files(module)


class _Kind(type):
    """The metaclass of a stand-in for a class: the real class's objects count as its own."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


_MAP_READING = ("read", "readline", "read_byte", "find", "rfind", "__getitem__", "size", "seek", "tell")
_MAP_WRITING = ("write", "write_byte", "move", "resize", "flush", "__setitem__")


def _mapped_files(mmap: ModuleType) -> type:
    base: Any = mmap.mmap

    def __new__(cls: Any, *given: Any, **options: Any) -> Any:
        self = base.__new__(cls, *given, **options)
        descriptor: Any = given[0] if given else options.get("fileno")
        # After the length, which may be given by name, too.
        args = given[2:]
        self._thing = _mapped(descriptor)
        private = getattr(mmap, "MAP_PRIVATE", None)
        # On Windows, the third argument is a name; elsewhere there are two in its place, flags and protection.
        position = 1 if sys.platform == "win32" else 2
        access = options.get("access", args[position] if len(args) > position else None)
        flags = options.get("flags", args[0] if args else None)
        copies = access in (mmap.ACCESS_COPY, mmap.ACCESS_READ) or (flags is not None and flags == private)
        unit = _units[_get_ident()]
        if unit is not None and self._thing is not None:
            note(unit, self._thing, READ if copies else EXCHANGE, "mapped into memory")
        return self

    def __repr__(self: Any) -> str:
        # The real class has its module in its name.
        text: str = base.__repr__(self)
        return f"<{base.__module__}.{text[1:]}" if type(self) is made else text

    namespace: dict[str, Any] = {
        "__new__": like(base.__new__, __new__),
        "__repr__": like(base.__repr__, __repr__),
    }
    for way, how, names in ((READ, "read", _MAP_READING), (WRITE, "written", _MAP_WRITING)):
        namespace.update({name: _of_map(getattr(base, name), way, how) for name in names if hasattr(base, name)})
    made: type = derived(base, namespace, ("_thing",), _Kind)
    return made


def _of_map(real: Callable[..., Any], way: str, how: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None and self._thing is not None:
            note(unit, self._thing, way, how)
        return real(self, *args)

    return like(real, method)


def _mapped(descriptor: int) -> Thing | None:
    found = status_of_descriptor(descriptor)
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    return Thing("file", file_of(found), handle_of(descriptor).name)
