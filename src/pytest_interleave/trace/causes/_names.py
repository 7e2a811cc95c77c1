"""The names of threads, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def distinguished(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of an execution's threads, by index; names that several threads have get numbers."""
    counts = Counter(names)
    numbers: Counter[str] = Counter()
    reported = []
    for name in names:
        numbers[name] += 1
        reported.append(name if counts[name] == 1 else f"{name} #{numbers[name]}")
    return tuple(reported)
