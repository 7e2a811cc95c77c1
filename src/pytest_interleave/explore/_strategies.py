"""The strategies by the names that users give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._auto import Auto
from ._exhaustive import Exhaustive
from ._pct import PCT
from ._pos import PartialOrderSampling
from ._random_walk import RandomWalk
from ._surw import SelectivelyUniform
from ._swarm import Swarm
from ._urw import UniformRandomWalk

#: Name to constructor, which takes the seed.
STRATEGIES: dict[str, Callable[[int], Any]] = {
    "auto": Auto,
    "random": RandomWalk,
    "pct": PCT,
    "pos": PartialOrderSampling,
    "urw": UniformRandomWalk,
    "surw": SelectivelyUniform,
    "swarm": Swarm,
    "exhaustive": Exhaustive,
}


def make_strategy(name: str, seed: int) -> Any:
    """The strategy called `name`; `KeyError` for an unknown name."""
    return STRATEGIES[name](seed)
