"""The names of primitives in reports; numbers distinguish those of one type."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._units import Step

#: Separates the name of a primitive from the place where it was created.
CREATED = " (created at "


def awaited(target: Any) -> Any:
    """Return the object that a wait is for: the condition for a single call of its `wait`, else the target itself."""
    return target.awaited if hasattr(type(target), "awaited") else target


def short_name(text: str) -> str:
    """Return the part of a primitive's text that is its name: "Lock #1" for "Lock #1 (created at bank.py:9)"."""
    return text.partition(CREATED)[0]


def event_of(target: Any) -> str:
    """Return what a wait is for, in front of the primitive's name: "notify() on "; empty if it is for the primitive."""
    return str(getattr(type(awaited(target)), "event", ""))


def described(log: Sequence[Step], others: Iterable[Any] = ()) -> dict[int, str]:
    """Return, by address, the texts for the primitives that an execution used and then for `others`.

    Primitives of one type are numbered: first those that several threads use, or that are in `others`, as reports show
    only these.
    """
    texts: dict[int, str] = {}
    #: By address of a primitive, the threads that use it; two for `others`.
    users: dict[int, set[int]] = {}
    #: By name and address of a primitive, the addresses of the primitive and of the single waits for it.
    alike: dict[str, dict[int, list[int]]] = {}
    steps = ((operation.target, (unit.index,)) for unit, operation, _ in log)
    for target, threads in itertools.chain(steps, ((other, (-1, -2)) for other in others)):
        # Threads are named by their own names.
        describe = None if target is None else getattr(type(target), "describe", None)
        if describe is None:
            continue
        primitive = id(_numbered_by(awaited(target)))
        users.setdefault(primitive, set()).update(threads)
        if id(target) not in texts:
            text = texts[id(target)] = str(describe(target))
            if CREATED in text:
                alike.setdefault(short_name(text), {}).setdefault(primitive, []).append(id(target))
    for name, primitives in alike.items():
        if len(primitives) < 2:
            continue
        shown_first = sorted(primitives, key=lambda primitive: len(users[primitive]) < 2)
        for number, primitive in enumerate(shown_first, start=1):
            for address in primitives[primitive]:
                texts[address] = texts[address].replace(name, f"{name} #{number}", 1)
    return texts


def _numbered_by(primitive: Any) -> Any:
    """Return the object that gives a primitive its number: a condition and the lock that it has made have the same."""
    lock = getattr(primitive, "_lock", None)
    return lock if lock is not None and getattr(lock, "called", None) == getattr(primitive, "called", "") else primitive
