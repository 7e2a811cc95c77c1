"""The touches of any call, for accesses that call functions, as `property` and `map` do.

The function that determines them lies above this folder, because calls touch attributes and containers. It is put in
here when its module is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..steps._touches import Touches


class AnyCall:
    """Determines what a call of any function touches."""

    def __init__(self) -> None:
        self._look: Callable[[Any, Sequence[Any]], Touches] | None = None

    def is_looked_at_by(self, look: Callable[[Any, Sequence[Any]], Touches]) -> None:
        """Let `look(function, arguments)` determine what a call touches."""
        self._look = look

    def touches(self, function: Any, given: Sequence[Any]) -> Touches:
        """Return what a call of `function` touches, beside what code in scope does in it; `given` has its arguments."""
        assert self._look is not None
        return self._look(function, given)


any_call = AnyCall()
