"""Strategies that choose the schedule, one in each file; and tokens, which write a schedule down."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._strategies import STRATEGIES, make_strategy
    from .schedules._replay import Replay
    from .schedules._shrink import Attempt, shrink
    from .schedules._steer import Steered
    from .schedules._switches import ChoicePoint, Follow, Recorded, Switch
    from .schedules._token import NameOfTest, Token, TokenError, fingerprint, python_version
    from .search._auto import Auto
    from .search._coverage import Classes, Coverage
    from .search._exhaustive import Exhaustive
    from .search._reduction import PartialOrderReduction
    from .strategies._nonpreemptive import NonPreemptive
    from .strategies._one_preemption import OnePreemption
    from .strategies._pct import PCT
    from .strategies._pos import PartialOrderSampling
    from .strategies._random_walk import RandomWalk
    from .strategies._surw import SelectivelyUniform
    from .strategies._swarm import Swarm
    from .strategies._urw import UniformRandomWalk
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "Attempt": ".schedules._shrink",
            "Auto": ".search._auto",
            "ChoicePoint": ".schedules._switches",
            "Classes": ".search._coverage",
            "Coverage": ".search._coverage",
            "Exhaustive": ".search._exhaustive",
            "Follow": ".schedules._switches",
            "NameOfTest": ".schedules._token",
            "NonPreemptive": ".strategies._nonpreemptive",
            "OnePreemption": ".strategies._one_preemption",
            "PCT": ".strategies._pct",
            "PartialOrderReduction": ".search._reduction",
            "PartialOrderSampling": ".strategies._pos",
            "RandomWalk": ".strategies._random_walk",
            "Recorded": ".schedules._switches",
            "Replay": ".schedules._replay",
            "STRATEGIES": "._strategies",
            "SelectivelyUniform": ".strategies._surw",
            "Steered": ".schedules._steer",
            "Swarm": ".strategies._swarm",
            "Switch": ".schedules._switches",
            "Token": ".schedules._token",
            "TokenError": ".schedules._token",
            "UniformRandomWalk": ".strategies._urw",
            "fingerprint": ".schedules._token",
            "make_strategy": "._strategies",
            "python_version": ".schedules._token",
            "shrink": ".schedules._shrink",
        },
    )

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
