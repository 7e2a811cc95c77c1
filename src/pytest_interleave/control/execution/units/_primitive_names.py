"""The names of primitives in reports; numbers distinguish those that were made in the same line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._units import Step


def awaited(target: Any) -> Any:
    """Return the object that a wait is for: the condition for a single call of its `wait`, else the target itself."""
    return target.awaited if hasattr(type(target), "awaited") else target


def described(log: Sequence[Step], others: Iterable[Any] = ()) -> dict[int, str]:
    """Return, by address, the texts for the primitives that an execution used and then for `others`."""
    texts: dict[int, str] = {}
    #: For each text and each primitive's address, the addresses of the primitive and of the single waits for it.
    alike: dict[str, dict[int, list[int]]] = {}
    for target in (*(operation.target for _, operation, _ in log), *others):
        # Threads are named by their own names.
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
