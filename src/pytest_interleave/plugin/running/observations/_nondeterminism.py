"""What is said where the same schedule did not give the same execution."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ....detect import Finding
from ....explore import Token, python_version
from ....trace import Difference


class ScheduleLost(AssertionError):
    """A token's schedule no longer fits its test."""

    __module__ = "pytest_interleave"


#: Of an execution that has been ended because nothing came in real time.
WAITED_IN_VAIN = (
    "A thread waits where the scheduler cannot see it, and nothing came for 10 s of real time. That was not tried "
    "again; the token may not reproduce it."
)

#: Of an execution in which real time decided a part of the order, and that cannot be run again.
OUT_OF_SIGHT = (
    "A thread waited where the scheduler cannot see it while others went on, so real time decided a part of the order; "
    "the token may not reproduce the failure."
)


def tell_difference(difference: Difference | None, finding: Finding, again: Finding | None) -> str:
    """A finding's schedule, run again at once, gave another execution."""
    if again is None:
        came = f"gave nothing in place of {finding.message.splitlines()[0]}"
    elif again.same_as(finding):
        came = "gave the same failure, but by other steps"
    else:
        came = f"gave {again.message.splitlines()[0]} in place of {finding.message.splitlines()[0]}"
    text = f"This execution could not be repeated: the same schedule, run again at once, {came}."
    if difference is not None:
        text += f" The first step that differs is {difference}."
    return (
        f"{text} The test depends on something besides the schedule (state that outlives an execution, real time, "
        "addresses, threads not under control); the token may not reproduce it."
    )


def tell_threads_of_others(names: Sequence[str]) -> str:
    """A finding's schedule has threads that the test alone would not have."""
    one = len(names) == 1
    listed = ", ".join(f"'{name}'" for name in names)
    return (
        f"Thread{'' if one else 's'} {listed} took part in this schedule. {'It was' if one else 'They were'} started "
        "before the test, and by none of its fixtures. The command below runs the test alone, so the token may not "
        "reproduce the failure there."
    )


def tell_unrepeatable(difference: Difference) -> str:
    """The same schedule was run more than once, and the executions were not the same."""
    return (
        "the test is not repeatable: run again under the same schedule, it took other steps. The first that differs is "
        f"{difference}. It depends on something besides the schedule: state that outlives an execution, real time, "
        f"addresses, or threads that are not under control{_HASHES}"
    )


def tell_lost(token: str, why: str) -> str:
    """The schedule of a token could not be followed, and nothing was found."""
    return (
        f"the schedule {token} no longer fits the test: {why}. The code has changed since the token was made, or the "
        f"test depends on something besides the schedule{_HASHES} If the failure was mended by that change, take the "
        "token away; else let the test find it again."
    )


def tell_other_python(token: Token, why: str) -> str:
    """The schedule of a token of another version of Python has found nothing, and could not be followed."""
    return (
        f"the schedule {token} was recorded on Python {token.python} and does not fit Python {python_version()}: "
        f"{why}. Nothing was found, which says nothing of the failure: replay it on Python {token.python}, or run the "
        "test here without the token to search again."
    )


def tell_not_followed(token: Token, why: str) -> str:
    """The schedule of a token has found nothing, and was followed in part at most."""
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


#: What is said besides, where it may be the reason.
_HASHES = (
    ". If that is the order of a set of strings, it is the same in every process with PYTHONHASHSEED=0 in the "
    "environment."
    if sys.flags.hash_randomization
    else "."
)
