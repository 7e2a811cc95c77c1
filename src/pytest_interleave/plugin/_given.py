"""Schedules that are known before a test is explored: pinned in the source, or remembered from earlier runs."""

from __future__ import annotations

from typing import NamedTuple

from ..control import Strategy
from ..explore import Follow, Replay, Token

PINNED = "pinned"
REMEMBERED = "remembered"


class Given(NamedTuple):
    """A schedule that is tried first."""

    token: Token
    #: `PINNED` or `REMEMBERED`.
    origin: str
    #: Whether it led to a finding; None where it has not been run.
    found: bool | None = None


def follower(token: Token) -> Follow | Replay:
    """The strategy that follows a token's schedule."""
    return Follow(token.switches) if token.choices is None else Replay(token.choices)


def is_lost(strategy: Strategy, elsewhere: set[int]) -> str | None:
    """Why an execution was not the token's: it has no place any more for one of its switches; None where it was.

    `elsewhere` are the places that other executions of the test come to.
    """
    if isinstance(strategy, Replay):
        return None if strategy.diverged is None else f"at choice {strategy.diverged[0] + 1}, {strategy.diverged[1]}"
    assert isinstance(strategy, Follow)
    unknown = strategy.unknown(elsewhere)
    if not unknown:
        return None
    number = strategy.switches.index(unknown[0]) + 1
    return (
        f"the place of its switch {number} of {len(strategy.switches)} is none that the test comes to: the line there, "
        "or its function, is not what it was, or nothing leads there any more"
    )
