"""The base of strategies that let another one choose in each execution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ...control import ThreadView, Trace


class Delegating(ABC):
    """A strategy that lets another one choose; before each execution, `pick` names it."""

    def __init__(self) -> None:
        self._current: Any = None

    @property
    def current(self) -> Any:
        """The strategy of this execution."""
        return self._current

    @abstractmethod
    def pick(self, number: int) -> Any:
        """Return the strategy for the execution `number`."""

    def begin(self, number: int) -> None:
        """Pick a strategy, and start it."""
        current = self._current = self.pick(number)
        current.begin(number)
        # The scheduler asks the strategy at every step: let it ask the right one directly.
        self.choose = current.choose  # type: ignore[method-assign]
        self.yielded = current.yielded  # type: ignore[method-assign]

    def spawned(self, thread: ThreadView) -> None:
        """Pass the call on."""
        self._current.spawned(thread)

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Pass the call on."""
        chosen: int = self._current.choose(enabled, running)
        return chosen

    def yielded(self, index: int) -> None:
        """Pass the call on."""
        self._current.yielded(index)

    def end(self, trace: Trace) -> None:
        """Let the strategy that chose learn from the execution."""
        self._current.end(trace)
