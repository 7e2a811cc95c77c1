"""Names for what a step is done to, for people."""

from __future__ import annotations

from collections.abc import Mapping

from ...control import Operation, Touches, Unit
from ...control.steps import kinds
from ...detect import name_of_access


def what_of(operation: Operation, touches: Touches | None, names: Mapping[int, str]) -> str:
    """Return a name such as "Account.balance", "Lock (created at bank.py:9)" or "thread worker-0".

    `names` has those of primitives, by address.
    """
    target = operation.target
    if operation.kind == kinds.HELD_UP:
        return f"{target.name} for {operation.name}"
    if target is None:
        return name_of_access(operation, touches)
    called = names.get(id(target))
    if called is not None and not isinstance(target, Unit):
        return called
    name = getattr(target, "name", None)
    if not isinstance(name, str):
        return operation.name
    return f"thread {name.partition(' (')[0] if name.startswith('Thread-') else name}"
