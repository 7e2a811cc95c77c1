"""The strategies by the names that users give."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from .search._auto import Auto
from .search._exhaustive import Exhaustive
from .search._sampling import Sampling
from .strategies._pct import PCT
from .strategies._pos import PartialOrderSampling
from .strategies._random_walk import RandomWalk
from .strategies._surw import SelectivelyUniform
from .strategies._swarm import Swarm
from .strategies._urw import UniformRandomWalk

#: Name to constructor, which takes the seed, how many schedules there may be, and until when.
STRATEGIES: dict[str, Callable[[int, int | None, float], Any]] = {
    "auto": Auto,
    "exhaustive": Exhaustive,
    "pct": lambda seed, *_: PCT(seed),
    "pos": lambda seed, *_: PartialOrderSampling(seed),
    "random": lambda seed, *_: RandomWalk(seed),
    "surw": lambda seed, *_: SelectivelyUniform(seed),
    "swarm": lambda seed, *_: Swarm(seed),
    "urw": lambda seed, *_: UniformRandomWalk(seed),
}


#: They search, which cannot be done where time passes as a choice.
_SEARCHING = frozenset(("auto", "exhaustive"))


def make_strategy(
    name: str, seed: int, schedules: int | None = None, *, until: float = inf, time_choices: bool = False
) -> Any:
    """The strategy called `name`; `KeyError` for an unknown name.

    There may be this many `schedules`, `until` a moment in real time: what searches looks no further.
    With `time_choices` for executions in which time passes as a choice: there, what searches samples.
    """
    if time_choices and name in _SEARCHING:
        return Sampling(seed)
    return STRATEGIES[name](seed, schedules, until)
