"""Strategies, which choose the schedule, one file each; and tokens, which write a schedule down."""

from ._auto import Auto
from ._nonpreemptive import NonPreemptive
from ._pct import PCT
from ._random_walk import RandomWalk
from ._replay import Replay
from ._strategies import STRATEGIES, make_strategy
from ._token import Token, TokenError, fingerprint

__all__ = [
    "PCT",
    "STRATEGIES",
    "Auto",
    "NonPreemptive",
    "RandomWalk",
    "Replay",
    "Token",
    "TokenError",
    "fingerprint",
    "make_strategy",
]
