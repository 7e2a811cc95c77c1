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
from ._shrink import Attempt, shrink
from ._steer import Steered
from ._strategies import STRATEGIES, make_strategy
from ._surw import SelectivelyUniform
from ._swarm import Swarm
from ._switches import ChoicePoint, Follow, Recorded, Switch
from ._token import NameOfTest, Token, TokenError, fingerprint, python_version
from ._urw import UniformRandomWalk

__all__ = [
    "PCT",
    "STRATEGIES",
    "Attempt",
    "Auto",
    "ChoicePoint",
    "Classes",
    "Coverage",
    "Exhaustive",
    "Follow",
    "NameOfTest",
    "NonPreemptive",
    "OnePreemption",
    "PartialOrderReduction",
    "PartialOrderSampling",
    "RandomWalk",
    "Recorded",
    "Replay",
    "SelectivelyUniform",
    "Steered",
    "Swarm",
    "Switch",
    "Token",
    "TokenError",
    "UniformRandomWalk",
    "fingerprint",
    "make_strategy",
    "python_version",
    "shrink",
]
