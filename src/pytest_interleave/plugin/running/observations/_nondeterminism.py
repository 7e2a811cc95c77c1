"""Texts about nondeterminism: the same schedule did not give the same execution."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ....detect import Finding
from ....trace import Difference

#: The end of a sentence on nondeterminism: how to have the same order of sets in every process, if it varies.
HASHES = (
    ". If that is the order of a set of strings, it is the same in every process with PYTHONHASHSEED=0 in the "
    "environment."
    if sys.flags.hash_randomization
    else "."
)
#: Said of an execution that was ended because a thread waited too long in real time.
WAITED_IN_VAIN = (
    "A thread was blocked outside the plugin's control. The schedule was not run again; the token below may not replay."
)
#: Said of an execution in which real time decided a part of the order, and that cannot be run again.
OUT_OF_SIGHT = (
    "A thread was blocked outside the plugin's control while others continued, so real time decided a part of the "
    "order. The token below may not replay."
)


def describe_difference(difference: Difference | None, finding: Finding, again: Finding | None) -> str:
    """Describe how the second execution of a finding's schedule, run at once, differs from the first."""
    if again is None:
        text = "Could not reproduce: the same schedule passed when run again."
    elif again.same_as(finding):
        text = "Could not reproduce exactly: the same schedule failed again, but ran differently."
    else:
        text = f"Could not reproduce: the same schedule, run again, gave {again.message.splitlines()[0]}"
    lines = [text]
    if difference is not None:
        lines.append(f"First difference at {difference}.")
    lines.append(
        "The test depends on something besides the schedule: state that survives an execution, real time, random "
        "values, addresses, or threads that are not controlled. The token below may not replay."
    )
    return "\n".join(lines)


def describe_threads_of_others(names: Sequence[str]) -> str:
    """Describe threads in a finding's schedule that a run of the test alone would not have."""
    was, s = ("was", "") if len(names) == 1 else ("were", "s")
    return (
        f"Thread{s} {', '.join(names)} took part in this schedule, but {was} started before the test, and not by its "
        "fixtures. The command below runs the test alone, so the token may not replay."
    )


def describe_nondeterminism(difference: Difference) -> str:
    """Describe that executions of the same schedule differ, from `difference` on."""
    return (
        "the test is not repeatable: run again under the same schedule, it took other steps. The first that differs is "
        f"{difference}. It depends on something besides the schedule: state that outlives an execution, real time, "
        f"addresses, or threads that are not under control{HASHES}"
    )
