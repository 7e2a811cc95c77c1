"""Semaphores that keep threads apart: gates that let in fewer threads than a circle of waits needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from ...control import Path, Trace
from ...control.identity import bases_of
from ...control.primitives import Semaphore
from ...control.steps import kinds


class Gates:
    """The semaphores that threads held at some positions in the log of an execution, and their permits.

    A semaphore that is released by a thread that does not hold it is a signal, and no gate.
    """

    def __init__(self, trace: Trace, positions: Collection[int]) -> None:
        #: By thread and address of the semaphore: how often it is held.
        held: Counter[tuple[Path, int]] = Counter()
        semaphores: dict[int, Any] = {}
        signals: set[int] = set()
        #: By position: the addresses of the semaphores that the thread of the step holds.
        self._held: dict[int, frozenset[int]] = {}
        for position, (thread, operation, _) in enumerate(trace.log):
            target = operation.target
            key = thread.path, id(target)
            if position in positions:
                self._held[position] = frozenset(
                    address for (path, address), count in held.items() if path == thread.path and count
                )
            if target is None or Semaphore not in bases_of(type(target)):
                continue
            semaphores[id(target)] = target
            if operation.kind in kinds.ACQUIRING and operation.mutates and operation.expired_at is None:
                held[key] += 1
            elif operation.kind == kinds.RELEASE and held[key]:
                held[key] -= 1
            elif operation.kind == kinds.RELEASE:
                signals.add(id(target))
        #: By address of a semaphore: how many threads can hold it at a time.
        self._permits = {
            address: semaphore._value + sum(count for (_, other), count in held.items() if other == address)
            for address, semaphore in semaphores.items()
            if address not in signals
        }

    def keep_apart(self, positions: Sequence[int]) -> bool:
        """Whether a semaphore is held at more of these positions than threads can hold it at a time."""
        holders = Counter(address for position in positions for address in self._held[position])
        return any(count > self._permits.get(address, count) for address, count in holders.items())
