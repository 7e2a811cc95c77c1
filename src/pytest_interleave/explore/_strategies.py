"""The strategies by the names that users give. Each is imported when it is first asked for."""

from __future__ import annotations

import importlib
from math import inf
from typing import Any

#: Name to module and class. The constructor takes the seed; if the class has `searches`, also how many schedules there
#: may be, and until when.
STRATEGIES: dict[str, str] = {
    "auto": ".search._auto:Auto",
    "exhaustive": ".search._exhaustive:Exhaustive",
    "pct": ".strategies._pct:PCT",
    "pos": ".strategies._pos:PartialOrderSampling",
    "random": ".strategies._random_walk:RandomWalk",
    "surw": ".strategies._surw:SelectivelyUniform",
    "swarm": ".strategies._swarm:Swarm",
    "urw": ".strategies._urw:UniformRandomWalk",
}


def make_strategy(
    name: str, seed: int, schedules: int | None = None, *, until: float = inf, time_choices: bool = False
) -> Any:
    """Make the strategy called `name`; raise `KeyError` for an unknown name.

    There may be this many `schedules`, `until` a moment in real time: what searches looks no further.
    With `time_choices` for executions in which time passes as a choice: there, what searches samples.
    """
    module, _, kind = STRATEGIES[name].partition(":")
    strategy = getattr(importlib.import_module(module, __package__), kind)
    if not getattr(strategy, "searches", False):
        return strategy(seed)
    if time_choices:
        # Not before it is needed: the options only ask for the names of strategies.
        from .search._sampling import Sampling

        return Sampling(seed)
    return strategy(seed, schedules, until)
