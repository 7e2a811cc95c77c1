"""Objects that can be reached from what outlives an execution: they may wake a waiting thread long after its end."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from ...identity._types import module_of
from ...scope._modules import is_module, namespace_of_module, namespaces_in_scope
from ..units._primitive_names import awaited
from ..units._units import Unit

#: At most this many objects are searched; if there are more, there is no answer.
MOST_OBJECTS = 100_000


def ways_to_wake(unit: Unit) -> Iterator[object]:
    """Yield the objects through which other code could wake the thread."""
    resource: Any = unit.resource
    if isinstance(resource, Unit):
        if resource.thread is not None:
            yield resource.thread
    else:
        yield resource
        yield awaited(resource)


def globals_in_scope() -> Iterator[object]:
    """Yield what modules in scope hold: it is still there for later tests, and for what runs at exit."""
    for namespace in namespaces_in_scope():
        yield from [value for name, value in list(namespace.items()) if not name.startswith("__")]


def globals_of_libraries() -> Iterator[object]:
    """Yield what modules hold that are neither in scope nor the standard library's, the test runner's or ours."""
    scoped = {id(namespace) for namespace in namespaces_in_scope()}
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in _NO_LIBRARIES or not is_module(module):
            continue
        namespace = namespace_of_module(module)
        if id(namespace) not in scoped:
            yield from [value for key, value in list(namespace.items()) if not key.startswith("__")]


_NO_LIBRARIES = frozenset(("__main__", "_pytest", "pytest", "pluggy", "pytest_interleave", "xdist", "execnet"))

#: Types of objects that lead to everything, or to nothing.
_NOT_SEARCHED = (ModuleType, FrameType, CodeType, BuiltinFunctionType, Unit, str, bytes, int, float)
#: Modules of the test runner and of ours, whose objects do so, too.
_RUNNERS = ("_pytest.", "pluggy.", "pytest_interleave.")


def _is_searched(thing: object) -> bool:
    kind = type(thing)
    if isinstance(thing, _NOT_SEARCHED):
        return False
    module = module_of(kind)
    return not module.startswith(_RUNNERS)


def reached(roots: Iterable[object], wanted: set[int], *, most: int | None = None) -> tuple[set[int], bool]:
    """Return the addresses among `wanted` of objects that can be reached from the roots, at most `most` of them.

    The second value is False if there are too many objects to decide.
    """
    most = len(wanted) if most is None else most
    found: set[int] = set()
    seen: set[int] = set()
    waiting = list(roots)
    while waiting and len(found) < most:
        thing = waiting.pop()
        address = id(thing)
        if address in wanted:
            found.add(address)
        if address in seen or not _is_searched(thing):
            continue
        seen.add(address)
        if len(seen) > MOST_OBJECTS:
            return found, False
        if isinstance(thing, FunctionType):
            # Not its module's names: they lead to all existing threads.
            waiting += [thing.__closure__, thing.__defaults__, thing.__kwdefaults__, thing.__dict__]
        else:
            waiting += gc.get_referents(thing)
    return found, True
