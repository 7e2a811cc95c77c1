"""Accesses to attributes of primitives, which the operations of the primitives say better."""

from __future__ import annotations

import threading
from typing import Any

from ...control.identity import module_of, type_named

_LIBRARY = frozenset(("threading", "_thread", "queue", "_queue"))


def is_primitive(name: Any) -> bool:
    """Whether the object with this name in the execution is a lock, a condition, a queue, or the like."""
    kind = type_named(name)
    return kind is not None and module_of(kind) in _LIBRARY and not issubclass(kind, threading.Thread)
