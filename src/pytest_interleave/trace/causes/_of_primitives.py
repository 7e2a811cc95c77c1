"""Accesses to attributes of primitives, which the operations of the primitives say better; and to those of locks that
the program has made.
"""

from __future__ import annotations

import threading
from typing import Any

from ...control.identity import bases_of, module_of, name_of_class, namespace_of, type_named

_LIBRARY = frozenset(("threading", "_thread", "queue", "_queue"))


def is_primitive(name: Any) -> bool:
    """Whether the object with this name in the execution is a lock, a condition, a queue, or the like."""
    kind = type_named(name)
    return kind is not None and module_of(kind) in _LIBRARY and not issubclass(kind, threading.Thread)


#: Words in the names of classes, and of methods, by which a program's own locks are known.
_LOCKS = ("barrier", "latch", "lock", "mutex", "semaphore")
_TAKES, _GIVES = frozenset(("acquire", "enter", "lock")), frozenset(("exit", "release", "unlock"))


def guards_others(kind: type | None) -> bool:
    """Whether a class of the program seems to be a lock, such as one for readers and writers."""
    if kind is None or kind is dict:
        return False
    if any(word in name_of_class(kind).lower() for word in _LOCKS):
        return True
    names = (name for base in bases_of(kind) if base is not object for name in namespace_of(base))
    words = {word for name in names if not name.startswith("__") for word in name.lower().split("_")}
    return not words.isdisjoint(_TAKES) and not words.isdisjoint(_GIVES)
