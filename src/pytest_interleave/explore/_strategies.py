"""The strategies by the names that users give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._auto import Auto
from ._pct import PCT
from ._random_walk import RandomWalk

#: Name to constructor, which takes the seed.
STRATEGIES: dict[str, Callable[[int], Any]] = {"auto": Auto, "random": RandomWalk, "pct": PCT}


def make_strategy(name: str, seed: int) -> Any:
    """The strategy called `name`; `KeyError` for an unknown name."""
    return STRATEGIES[name](seed)
