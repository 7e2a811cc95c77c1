"""Texts about nondeterminism: the same schedule did not give the same execution."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ...._texts import named
from ....control import Outcome, is_ours, is_stdlib
from ....control.interpreter import uses_set
from ....detect import Finding
from ....trace import Difference

#: Said of an execution in which real time decided a part of the order, and that cannot be run again.
OUT_OF_SIGHT = (
    "A thread was blocked outside the plugin's control while others continued, so real time decided a part of the "
    "order. The token below may not replay."
)


def hint_at_sets(outcome: Outcome) -> str:
    """Return a line on sets, whose order varies between processes; empty if none is used where the test runs."""
    codes = {operation.code for _, operation, _ in outcome.log}
    uses = any(uses_set(code) for code in codes if not (is_ours(code.co_filename) or is_stdlib(code.co_filename)))
    if not (uses and sys.flags.hash_randomization):
        return ""
    return "\nIf it iterates over a set of strings, set PYTHONHASHSEED=0: the order varies."


def describe_blocked(outcome: Outcome) -> str:
    """Describe an execution that was ended because threads waited too long in real time."""
    stuck = outcome.stuck
    waits = [] if stuck is None else [(wait.thread, wait.where) for wait in stuck.waits if wait.outside]
    blocked = waits or [(thread, where) for thread, where, _ in outcome.leaked]
    who = named([thread for thread, _ in blocked]) if blocked else "A thread"
    was = "was" if len(blocked) < 2 else "were"
    where = f" at {blocked[0][1]}," if len(blocked) == 1 and blocked[0][1] is not None else ""
    return (
        f"{who} {was} blocked{where} outside the plugin's control. The schedule was not run again; the token below "
        "may not replay."
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


def describe_state_left(variables: Sequence[str]) -> str:
    """Describe that the first schedule, which passed, fails after a schedule that has changed `variables`."""
    return (
        f"State left by this schedule or an earlier one: {', '.join(variables[:3])}. The first schedule, which passed, "
        "fails now, too. Reset that state in a fixture, so that each schedule begins alike. The token below may not "
        "replay."
    )


def describe_threads_of_others(names: Sequence[str]) -> str:
    """Describe threads in a finding's schedule that a run of the test alone would not have."""
    was, s = ("was", "") if len(names) == 1 else ("were", "s")
    return (
        f"Thread{s} {named(names)} took part in this schedule, but {was} started before the test, and not by its "
        "fixtures. The command below runs the test alone, so the token may not replay."
    )


def describe_nondeterminism(difference: Difference) -> str:
    """Describe that executions of the same schedule differ, from `difference` on."""
    return (
        "the test is nondeterministic: the same schedule ran differently the second time.\n"
        f"First difference at step {difference.step}: first {difference.first}, then {difference.second}.\n"
        "Look for state that survives the test (module globals, caches), real time, random values, set order, memory "
        "addresses, or threads the plugin does not control."
    )
