"""What primitives are called in reports: those that one line has made are told apart by numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._tasks import Step


def described(log: Sequence[Step], others: Iterable[Any] = ()) -> dict[int, str]:
    """By address: the texts for the primitives that an execution used, and for `others`, which come last."""
    texts: dict[int, str] = {}
    seen: dict[str, list[int]] = {}
    for target in (*(operation.target for _, operation, _ in log), *others):
        # Threads are called by their names.
        describe = None if target is None or id(target) in texts else getattr(type(target), "describe", None)
        if describe is not None:
            text = texts[id(target)] = str(describe(target))
            seen.setdefault(text, []).append(id(target))
    for text, addresses in seen.items():
        if len(addresses) > 1 and " (made at " in text:
            for number, address in enumerate(addresses, start=1):
                texts[address] = text.replace(" (made at ", f" #{number} (made at ", 1)
    return texts
