"""The diagnosis of an execution that cannot continue, and what its parts need to know of a wait."""

from __future__ import annotations

from typing import NamedTuple

from ..._texts import MOST_NAMED, listed
from ...control import Stuck, WaitingThread
from ...control.execution import short_name

#: At most this many characters of a headline are the names of threads.
_WIDEST_NAMES = 36
_END_OF = "the end of "


class EndlessWait(NamedTuple):
    """Why a wait in a method never ends, what helps, and the call that would end it."""

    bug: str
    help: str
    ends: str


_COMPLETE = "call set_result() or set_exception() on each path"
#: By method of a queue or a future.
METHODS = {
    "Queue.get": EndlessWait(
        "get() on an empty queue, and no thread can put()",
        "put one item, or one sentinel, for each get(), also on errors, or give get() a timeout",
        "put()",
    ),
    "Queue.put": EndlessWait(
        "put() to a full queue, and no thread can get()",
        "get() each item, also if a consumer fails, or give put() a timeout",
        "get()",
    ),
    "Queue.join": EndlessWait(
        "Queue.join() waits for task_done(), and no thread can call it",
        "call task_done() for each item that get() has returned, also on errors: use try/finally",
        "task_done()",
    ),
    "Future.result": EndlessWait("result() of a Future that no thread can complete", _COMPLETE, "set_result()"),
    "Future.exception": EndlessWait(
        "exception() of a Future that no thread can complete", _COMPLETE, "set_exception()"
    ),
}


class Diagnosis(NamedTuple):
    """What the bug is, without the kind of the finding in front of it; and what helps, if that is known."""

    bug: str
    help: str = ""
    #: The threads whose waits are the cause; the others wait for these.
    causes: tuple[WaitingThread, ...] = ()
    #: For a lost wake-up: the position in the log of the signal that came before the wait.
    signal: int | None = None
    #: Positions in the log of the other steps that led to it.
    steps: tuple[int, ...] = ()
    #: Positions in the log of the steps that took the locks which threads wait for.
    taken: tuple[int, ...] = ()


def joined(wait: WaitingThread) -> str:
    """Return the name of the thread whose end a thread waits for; empty if it waits for something else."""
    return wait.waits_for.removeprefix(_END_OF) if wait.waits_for.startswith(_END_OF) else ""


def method_of(wait: WaitingThread, stuck: Stuck) -> str:
    """Return the method of a queue or a future that a thread waits in, such as "Queue.get"; else an empty text."""
    # The place of the wait is the line of the program that called the method.
    waiting = (operation for unit, operation, _ in stuck.pending if unit.index == wait.number)
    method = next((operation.code.co_qualname for operation in waiting), "")
    return method if method in METHODS else ""


def blocked_forever(stuck: Stuck, causes: tuple[WaitingThread, ...]) -> str:
    """Return which threads are blocked, if no more is known."""
    when = " when the test ends" if stuck.left else ""
    wait = causes[0]
    objects = {f"{each.event}{short_name(each.waits_for)}" for each in causes}
    if len(causes) == 1 and wait.waits_for:
        method = method_of(wait, stuck)
        if stuck.left and method:
            return f"{wait.thread} still waits in {method}(){when}"
        if stuck.left:
            return f"{wait.thread} still waits for {objects.pop()}{when}"
        return f"{wait.thread} waits for {objects.pop()}, and no thread can wake it"
    many = len(causes) > MOST_NAMED
    names = listed([each.thread for each in causes])
    if many or len(names) > _WIDEST_NAMES:
        names = f"{len(causes)} threads"
    methods = {method_of(each, stuck) for each in causes}
    if len(methods) == 1 and "" not in methods:
        return f"{names} are blocked forever in {methods.pop()}(){when}"
    if len(objects) == 1 and wait.event and not stuck.left:
        return f"{names} wait for {objects.pop()}, and no thread can wake them"
    return f"{names} {'is' if len(causes) == 1 else 'are'} blocked forever{when}"
