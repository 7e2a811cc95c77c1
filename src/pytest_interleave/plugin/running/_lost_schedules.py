"""Schedules of tokens that no longer fit their tests: the error, and texts that say why and what to do."""

from __future__ import annotations

from ...control import Outcome
from ...explore import Token, python_version
from .observations._nondeterminism import hint_at_sets


class ScheduleLost(AssertionError):
    """Raised when the schedule of a token cannot be replayed, usually because the code has changed.

    The message says what no longer fits, and what to do.
    """

    __module__ = "pytest_interleave"


def describe_lost(token: str, why: str, outcome: Outcome) -> str:
    """Describe why the schedule of a token no longer fits its test; `outcome` is that of its execution."""
    return (
        f"cannot replay {token}: the test no longer runs as recorded\n"
        f"({why}).\n"
        "If the code has changed and the bug is fixed, remove the token.\n"
        f"Otherwise run the test without it to get a new one.{hint_at_sets(outcome)}"
    )


def describe_other_python(token: Token, why: str) -> str:
    """Describe why the schedule of a token does not fit this version of Python; it has found nothing."""
    return (
        f"cannot replay {token}: it was recorded on Python {token.python}, this is Python {python_version()}\n"
        f"({why}).\n"
        f"The bug may still be there. Replay it on Python {token.python}, or run the test here\n"
        "without the token to get a new one."
    )


def describe_not_followed(token: Token, why: str) -> str:
    """Describe why the schedule of a token, which has found nothing, was followed only in part."""
    here = python_version()
    if token.python != here:
        return (
            f"{token} passed, but was recorded on Python {token.python}, this is Python {here} ({why}). "
            f"Replay it on Python {token.python} to be sure."
        )
    return (
        f"{token} passed, but was replayed only in part ({why}). That is expected after a fix; otherwise run the test "
        "without the token to get a new one."
    )
