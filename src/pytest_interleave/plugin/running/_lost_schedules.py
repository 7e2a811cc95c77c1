"""Schedules of tokens that no longer fit their tests: the error, and texts that say why and what to do."""

from __future__ import annotations

from ...explore import Token, python_version
from .observations._nondeterminism import HASHES


class ScheduleLost(AssertionError):
    """A token's schedule no longer fits its test."""

    __module__ = "pytest_interleave"


def describe_lost(token: str, why: str) -> str:
    """Describe why the schedule of a token no longer fits its test."""
    return (
        f"the schedule {token} no longer fits the test: {why}. The code has changed since the token was made, or the "
        f"test depends on something besides the schedule{HASHES} If the failure was mended by that change, take the "
        "token away; else let the test find it again."
    )


def describe_other_python(token: Token, why: str) -> str:
    """Describe why the schedule of a token does not fit this version of Python; it has found nothing."""
    return (
        f"the schedule {token} was recorded on Python {token.python} and does not fit Python {python_version()}: "
        f"{why}. Nothing was found, which says nothing of the failure: replay it on Python {token.python}, or run the "
        "test here without the token to search again."
    )


def describe_not_followed(token: Token, why: str) -> str:
    """Describe why the schedule of a token, which has found nothing, was followed only in part."""
    here = python_version()
    if token.python != here:
        return (
            f"the schedule {token} found nothing, but was recorded on Python {token.python}, and this is Python "
            f"{here}: {why}. Replay it on Python {token.python} to be sure."
        )
    return (
        f"the schedule {token} found nothing, but could be followed only in part: {why}. That is expected after a fix; "
        "otherwise run the test without the token to search again."
    )
