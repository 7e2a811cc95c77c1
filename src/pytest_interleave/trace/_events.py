"""The steps of a timeline, and the words for what they do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..control import Operation, Place, Recorder, Step, Touches
from ..control.interpreter import opname_at
from ..control.steps import External, kinds
from .causes._checks import looks_up
from .causes._what import what_of
from .words._words import call_of, called_with, function_called, numbered


class Event(NamedTuple):
    """A step that is shown."""

    #: Its number in the execution, from 1; what threads wait to do at the end has the numbers that follow.
    step: int
    #: The thread's index: 0 is the test's own.
    thread: int
    #: The operation, in a word or two: "read", "write", "acquire", "start", …
    kind: str
    #: What it is done to, for people: "Account.balance", "Lock (created at bank.py:9)"; empty if that is not known.
    what: str
    #: The place as messages show it ("bank.py:15"), the function, and the line's text.
    place: str
    function: str
    source: str
    #: The value that is read, or "OLD -> NEW"; empty if it is not known.
    value: str
    #: Whether the thread that ran before could have continued: the schedule switched here.
    switch: bool = False
    #: Whether it was never done: a thread waits to do it when no thread can continue.
    waits: bool = False
    #: Whether the scheduler switched here by itself, because the thread before had run for long.
    gave_way: bool = False
    #: The method that is called, as in the source, and what is known of what it is called on: "append() on []".
    call: str = ""
    #: The method of a queue, a future or a pool that it is a part of: "get()".
    within: str = ""
    #: For a step that its thread repeats until the end, the loop: "repeats lines 9-11, 40 times".
    repeats: str = ""
    #: What is done, if kind and value do not say it: "not found", "read: file log.txt".
    does: str = ""
    #: Whether it is no step, but the use of a file or the like after the step with its number.
    uses: bool = False
    #: The number of steps right before it that affect other threads, too, and are left out.
    skipped: int = 0


def event_of(
    position: int,
    step: Step,
    names: Mapping[int, str],
    recorder: Recorder | None = None,
    where: Place | None = None,
    beside: Iterable[int] = (),
) -> Event:
    """Return the event of a step.

    `where` is the place of a step that a thread waits to do. `beside` are the positions of steps in the same row.
    """
    unit, operation, touches = step
    place = operation.where() if where is None else where
    held_up = operation.kind == kinds.HELD_UP
    value = "" if recorder is None else recorder.text_at(position, beside)
    call = call_of(operation) if operation.is_access else ""
    if call:
        part = touches[-1][1] if touches else None
        call = f"{call.removeprefix('.')}{called_with(value, part, writes=operation.kind != kinds.READ)}"
    elif operation.is_access and not operation.is_external:
        function = function_called(operation, touches).rpartition(".")[2]
        call = function and f"{function}(){called_with(value, None, writes=True)}"
    return Event(
        step=position + 1,
        # It is shown with the thread that is held up.
        thread=operation.target.index if held_up else unit.index,
        kind=f"{operation.kind} for {operation.name}" if held_up else _kind_of(operation),
        what="" if held_up else numbered(what_of(operation, touches, names), position, recorder),
        place=str(place),
        function=place.function,
        source=place.text,
        value=value,
        call=call,
        does="" if held_up else _does(operation, touches, value, position, recorder),
    )


def _kind_of(operation: Operation) -> str:
    if operation.expired_at is None or operation.kind == kinds.SLEEP:
        return operation.kind
    return "timed out" if operation.kind == kinds.WOKEN else f"{operation.kind} (timed out)"


def _does(operation: Operation, touches: Touches | None, value: str, position: int, recorder: Recorder | None) -> str:
    """Return what an access does if its kind and its value do not say it: it looks for something, or finds nothing."""
    if isinstance(operation, External):
        return str(operation.doing)
    if not operation.is_access or recorder is None or not touches:
        return ""
    empty = recorder.finds_nothing(position)
    if opname_at(operation.code, operation.lasti) == "CONTAINS_OP" and touches[-1][1] is not None:
        return "not found" if empty else "found" if value else ""
    if not empty:
        return ""
    if looks_up(operation):
        return f"{operation.name.removeprefix('.')}: finds nothing"
    return {kinds.READ: "find nothing", kinds.DELETE: "delete nothing"}.get(operation.kind, "")
