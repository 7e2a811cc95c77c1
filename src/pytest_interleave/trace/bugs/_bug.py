"""A class of bug, and those whose names do not depend on a switch."""

from __future__ import annotations

from typing import NamedTuple

from ...control import Operation

#: At most this many characters in a headline.
WIDEST = 72


class Bug(NamedTuple):
    """A class of bug."""

    #: The headline: the class, and on what.
    name: str
    #: What is accessed: evidence need not name it again.
    variable: str = ""
    #: What helps; empty if the evidence does not say.
    help: str = ""
    #: The positions in the log of steps that belong to it, besides those of the effect.
    also: tuple[int, ...] = ()
    #: The positions of the steps to show in place of those of the effect; empty for those.
    instead: tuple[int, ...] = ()


def against_lost_wakeup(wait: Operation, *, is_checked: bool = True) -> str:
    """Return what helps if a notification came before `wait`; `is_checked` if the thread had tested a condition."""
    if not is_checked:
        return "set a flag before notify(), and test it before each wait: while not flag: condition.wait()"
    if wait.code.co_qualname == "Condition.wait_for":
        return "change what the predicate tests, and notify, under the lock of the condition"
    return "test the condition again in a loop, under the lock: while not ready: condition.wait()"


def during_sort(what: str) -> Bug:
    """Return the bug that a list was changed while a thread sorted it."""
    return Bug(
        f"Concurrent modification of {what} during sort",
        what,
        "hold one lock for the sort and for each change, or sort a copy made under it",
    )


def during_iteration(what: str) -> Bug:
    """Return the bug that a container was changed while a thread iterated over it."""
    helps = "hold one lock for the iteration and for each change, or iterate over a copy made under it"
    return Bug(f"Concurrent modification of {what} during iteration", what, helps)


def after_wait(what: str) -> Bug:
    """Return the bug that a thread does not check again what it has waited for."""
    return Bug(
        f"Check-then-act race on {what}: not checked again after wait()",
        what,
        "check again after the wait: while not ready: condition.wait()",
    )


def refused(by: str, primitive: str, holder: str, *, waited: bool) -> Bug:
    """Return the bug that `acquire()` returns False, because another thread holds the lock."""
    call = "acquire()" if waited else "non-blocking acquire()"
    fails = "times out" if waited else "fails"
    named = f"{by}'s {call} {fails}: {holder} holds {primitive}"
    if len(named) > WIDEST:
        named = f"{call[0].upper()}{call[1:]} of {primitive} {fails}"
    return Bug(named, help="" if waited else "let acquire() wait, or handle that it returns False")


def in_vain(condition: str, wait: Operation, waits: str, woken: str) -> Bug:
    """Return the bug that a notification does not reach the thread that waits for the change.

    `woken` is the thread that was woken instead; it is empty if the notification came before the wait.
    """
    if not woken:
        return Bug(f"Lost wake-up on {condition}: notified before the wait", "", against_lost_wakeup(wait))
    named = f"Lost wake-up on {condition}: notify() wakes {woken} only"
    if len(named) > WIDEST:
        named = f"Lost wake-up on {condition}: notify() wakes another thread"
    return Bug(named, "", f"if the last notify() concerns {waits} as well as {woken}, use notify_all()")


def unnotified(condition: str) -> Bug:
    """Return the bug that no thread notifies a condition of a change for which another one waits."""
    return Bug(
        f"Lost wake-up on {condition}: never notified", "", "call notify() after each change of what threads wait for"
    )
