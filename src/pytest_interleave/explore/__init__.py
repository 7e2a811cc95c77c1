"""Strategies, which choose the schedule, one file each; and tokens, which write a schedule down."""

from ._auto import Auto
from ._coverage import Classes, Coverage
from ._exhaustive import Exhaustive
from ._nonpreemptive import NonPreemptive
from ._one_preemption import OnePreemption
from ._pct import PCT
from ._pos import PartialOrderSampling
from ._random_walk import RandomWalk
from ._reduction import PartialOrderReduction
from ._replay import Replay
from ._steer import Steered
from ._strategies import STRATEGIES, make_strategy
from ._surw import SelectivelyUniform
from ._swarm import Swarm
from ._token import Token, TokenError, fingerprint
from ._urw import UniformRandomWalk

__all__ = [
    "PCT",
    "STRATEGIES",
    "Auto",
    "Classes",
    "Coverage",
    "Exhaustive",
    "NonPreemptive",
    "OnePreemption",
    "PartialOrderReduction",
    "PartialOrderSampling",
    "RandomWalk",
    "Replay",
    "SelectivelyUniform",
    "Steered",
    "Swarm",
    "Token",
    "TokenError",
    "UniformRandomWalk",
    "fingerprint",
    "make_strategy",
]
