"""Texts about nondeterminism: the same schedule did not give the same execution."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ....detect import Finding
from ....trace import Difference

#: A line on differences between two processes: how to have the same order of sets in both, if it varies.
HASHES = (
    "\nIf the test iterates over a set of strings: set order varies between processes, so set PYTHONHASHSEED=0."
    if sys.flags.hash_randomization
    else ""
)
#: Said of an execution that was ended because a thread waited too long in real time.
WAITED_IN_VAIN = (
    "A thread waited for something outside the plugin's control, and was not woken in real time. The schedule was not "
    "run again; the token may not reproduce the failure."
)
#: Said of an execution in which real time decided a part of the order, and that cannot be run again.
OUT_OF_SIGHT = (
    "A thread waited where the scheduler cannot see it while others went on, so real time decided a part of the order; "
    "the token may not reproduce the failure."
)


def describe_difference(difference: Difference | None, finding: Finding, again: Finding | None) -> str:
    """Describe how the second execution of a finding's schedule, run at once, differs from the first."""
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


def describe_threads_of_others(names: Sequence[str]) -> str:
    """Describe threads in a finding's schedule that a run of the test alone would not have."""
    one = len(names) == 1
    listed = ", ".join(f"'{name}'" for name in names)
    return (
        f"Thread{'' if one else 's'} {listed} took part in this schedule. {'It was' if one else 'They were'} started "
        "before the test, and by none of its fixtures. The command below runs the test alone, so the token may not "
        "reproduce the failure there."
    )


def describe_nondeterminism(difference: Difference) -> str:
    """Describe that executions of the same schedule differ, from `difference` on."""
    return (
        "the test is nondeterministic: the same schedule ran differently the second time.\n"
        f"First difference at step {difference.step}: first {difference.first}, then {difference.second}.\n"
        "Look for state that survives the test (module globals, caches), real time, random values, set order, memory "
        "addresses, or threads the plugin does not control."
    )
