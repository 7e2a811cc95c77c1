"""Names for the objects of one execution, by which touches identify them."""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from ..interpreter._frames import object_at
from ..scope._or_none import OrNone

if TYPE_CHECKING:
    from ..steps._touches import Touches

#: The names of objects by their addresses. When an object has died, another may be at the same address.
names: OrNone[int, int] = OrNone()
#: The touches of accesses to attributes that are known already. By the address of an object, divided by the size of a
#: word, if the object's death is noticed; then by the attribute's name, for writes with "=" behind it.
attributes_at: OrNone[int, dict[str, Touches]] = OrNone()
#: Each object that was named, and its type. The position in these lists determines the name.
_watches: list[weakref.ref[Any]] = []
_kinds: list[weakref.ref[type]] = []
#: The address of the object, by the address of the watch.
_watched: dict[int, int] = {}
#: The types of objects whose names are their addresses; of the first object at each address.
_addressed: dict[int, type] = {}


def _died(watch: weakref.ref[Any]) -> None:
    address = _watched.pop(id(watch), 0)
    names.pop(address, None)
    attributes_at.pop(address >> 3, None)


def name_of(thing: Any) -> int:
    """Return the name that stands for an object in this execution.

    No other object has it, unless this one does not support weak references: then the name is the object's address.
    """
    address = id(thing)
    name = names[address]
    if name is None:
        try:
            if minds_references(type(thing)):
                raise TypeError
            watch = weakref.ref(thing, _died)
        except TypeError:
            name = address
            _addressed[address] = type(thing)
            if _bodies:
                _keep_body(sys._getframe(1))
        else:
            _watched[id(watch)] = address
            _watches.append(watch)
            _kinds.append(weakref.ref(type(thing)))
            # Negative, because addresses are positive.
            name = -len(_watches)
        names[address] = name
    return name


_name_of_class = type.__dict__["__name__"].__get__


def minds_references(kind: type) -> bool:
    """Whether values of a type behave differently while weakly referenced: such an array cannot be resized."""
    return bool(_name_of_class(kind) == "ndarray")


#: The code whose frames are kept, and the frames that are kept.
_bodies: set[CodeType] = set()
_frames: list[FrameType] = []


@contextlib.contextmanager
def bodies_kept(code: CodeType | None) -> Iterator[None]:
    """Keep alive, while entered, what is in local variables of calls of `code` when they return.

    Otherwise threads that run the same function one after another would have their own containers at the same
    addresses, and what they do to them would seem to conflict.
    """
    if code is None:
        yield
        return
    _bodies.add(code)
    try:
        yield
    finally:
        _bodies.discard(code)
        _frames.clear()


def _keep_body(frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code in _bodies:
            if not any(frame is kept for kept in _frames):
                _frames.append(frame)
            return
        frame = frame.f_back


#: Functions that are called between executions, too.
forgetting: list[Callable[[], None]] = []


def forget_names() -> None:
    """Forget all names; called between executions."""
    names.clear()
    attributes_at.clear()
    _watches.clear()
    _kinds.clear()
    _watched.clear()
    _addressed.clear()
    aliases.clear()
    for forget in forgetting:
        forget()


def type_named(name: Any) -> type | None:
    """Return the type of the object that has `name`, whether or not the object is alive; None if it is not known.

    Names are those of the last execution.
    """
    if type(name) is not int or -name > len(_kinds):
        return None
    return _kinds[-name - 1]() if name < 0 else _addressed.get(name)


def object_named(name: Any) -> Any:
    """Return the object that has `name`, which the calling thread is about to access; None if it is not available."""
    if type(name) is not int or -name > len(_watches) or (name > 0 and name in aliases.values()):
        return None
    return _watches[-name - 1]() if name < 0 else object_at(name)


#: The name of the object whose attributes a `__dict__` holds, by the address of each `__dict__` that the program asked
#: for.
aliases: dict[int, int] = {}


def key_of(container: Any) -> int:
    """Return the name of a container: of the object whose attributes it holds if it is a `__dict__`, else its own."""
    name = aliases.get(id(container)) if aliases else None
    return name_of(container) if name is None else name
