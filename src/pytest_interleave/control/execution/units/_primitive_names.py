"""What primitives are called in reports: those that one line has made are told apart by numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._units import Step


def awaited(target: Any) -> Any:
    """What a wait is for: the condition, not the single call of its `wait`; any other target itself."""
    return target.awaited if hasattr(type(target), "awaited") else target


def described(log: Sequence[Step], others: Iterable[Any] = ()) -> dict[int, str]:
    """By address: the texts for the primitives that an execution used, and for `others`, which come last."""
    texts: dict[int, str] = {}
    #: By text: by address of each primitive, its own and those of what is only a wait for it.
    alike: dict[str, dict[int, list[int]]] = {}
    for target in (*(operation.target for _, operation, _ in log), *others):
        # Threads are called by their names.
        describe = None if target is None or id(target) in texts else getattr(type(target), "describe", None)
        if describe is not None:
            text = texts[id(target)] = str(describe(target))
            alike.setdefault(text, {}).setdefault(id(awaited(target)), []).append(id(target))
    for text, primitives in alike.items():
        if len(primitives) > 1 and " (made at " in text:
            for number, addresses in enumerate(primitives.values(), start=1):
                numbered = text.replace(" (made at ", f" #{number} (made at ", 1)
                texts.update(dict.fromkeys(addresses, numbered))
    return texts
