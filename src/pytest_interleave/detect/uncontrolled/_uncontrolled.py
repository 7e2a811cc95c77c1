"""Things outside the scheduler's control that threads of one execution used, or were disturbed by.

To find more of them, add a function from an outcome to reasons to `SOURCES`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from ...control import Outcome, Place, Uncontrolled, UncontrolledPart, is_ours, short_path
from ...control.calls import Callee, callee_at
from ...control.identity import module_of, type_named
from ...control.steps import HIDDEN, Use, kinds
from ._ends import ends_asked_for
from ._unseen import cut_short_in, unread_in, unseen_in
from ._uses import Unordered, unordered_uses


def uncontrolled_in(outcome: Outcome) -> Iterator[Uncontrolled]:
    """Yield the reasons why the orders of this execution's steps are not all that matters."""
    for source in SOURCES:
        yield from source(outcome)


# -- sockets, processes, settings, mapped files ----------------------------------------------------------------------


def _used(outcome: Outcome) -> Iterator[Uncontrolled]:
    for found in unordered_uses(outcome.log, outcome.uses, len(outcome.threads)):
        yield _named(found)


def _named(found: Unordered) -> Uncontrolled:
    uses = [use for use in found if use is not None]
    first, *_ = uses
    return Uncontrolled(first.thing.kind, _with_kind(first.thing.kind, _name(first)), tuple(map(_part, uses)))


def name_of_used(use: Use) -> str:
    """Return the name of what is used, with its kind: "file log.txt"."""
    return _with_kind(use.thing.kind, _name(use))


def _with_kind(kind: str, name: str) -> str:
    texts = {
        "socket": "a pair of sockets" if name == "pair" else f"connection {name}",
        "pipe": "a pipe" if name in ("", "pipe") else f"pipe {name}",
        "setting": name,
        "process": name if " " in name else f"process {name}",
    }
    return texts.get(kind, f"{kind} {name}")


def _name(use: Use) -> str:
    thing = use.thing
    name = thing.name
    if not name and isinstance(thing.key, str):
        shown = short_path(thing.key)
        name = shown if shown != thing.key else os.path.basename(thing.key) or thing.key
    # The name of a file may have any character; a report may not.
    return name if name.isprintable() else ascii(name)[1:-1]


def _part(use: Use) -> UncontrolledPart:
    return UncontrolledPart(use.unit.name, use.how, str(use.place))


# -- threads ---------------------------------------------------------------------------------------------------------


def _threads(outcome: Outcome) -> Iterator[Uncontrolled]:
    for thread in outcome.foreign:
        how = "started by a fixture, seen" if thread.of_fixture else "started before the test, seen"
        yield _thread(thread.name, how, thread.where)
    for name, where, computed in outcome.set_aside:
        how = "computed for long without a scheduling point" if computed else "blocked outside the plugin's control"
        yield _thread(name, how, where)
    for name in outcome.unseen:
        # Python ends tracing if there is no room left on the stack for it; or the program has ended it.
        yield _thread(name, "its steps no longer seen, for example after a RecursionError", None)
    for name, where, _ in outcome.left:
        yield _thread(name, "still blocked after the test", where)
    for name, where, _ in outcome.leaked:
        yield _thread(name, "could not be stopped", where)
    if outcome.uncontrolled and not (outcome.set_aside or outcome.foreign):
        yield Uncontrolled("thread", "a wait for something outside the plugin's control")


def _thread(name: str, how: str, where: Place | None) -> Uncontrolled:
    part = UncontrolledPart("", how, "" if where is None else str(where))
    return Uncontrolled("thread", f"thread {name}", (part,))


def ends_in(outcome: Outcome) -> Iterator[Uncontrolled]:
    """Yield the questions whether a thread lives that could have been answered otherwise."""
    for found in ends_asked_for(outcome.log, outcome.pending):
        how = "is_alive() called" if found.operation.kind == kinds.IS_ALIVE else "threads counted or listed"
        part = UncontrolledPart(found.asking, how, str(found.operation.where()))
        yield Uncontrolled("thread", f"end of thread {found.ended}", (part,))


# -- code out of scope -----------------------------------------------------------------------------------------------


def code_in(outcome: Outcome) -> Iterator[Uncontrolled]:
    """Yield code out of scope that was given what several threads use. Call it right after the execution."""
    for unseen in unseen_in(outcome.log, choices=bool(outcome.choices)):
        place = unseen.place
        where = "" if is_ours(place.filename) else str(place)
        if unseen.is_replaceable:
            name = public_name(unseen.callee)
            part = UncontrolledPart("", "called by another name", where)
            yield Uncontrolled("code", name, (part,), f"to control it, write {name}()")
            continue
        if unseen.is_in_c:
            part = UncontrolledPart("", "called through ctypes", where)
            yield Uncontrolled("code", f"C function {unseen.callee.name}", (part,))
            continue
        part = UncontrolledPart("", "called with a shared object", where)
        advice = f"to control it, set interleave_include = {unseen.package}" if unseen.package else ""
        yield Uncontrolled("code", str(unseen.callee), (part,), advice)

    for unit, operation, touches in unread_in(outcome.log, choices=bool(outcome.choices)):
        callee = callee_at(operation.code, operation.lasti)
        what, how = (operation.name, "assigned") if callee is None else (str(callee), "called")
        if not what.isidentifier() and callee is None:
            kinds = (type_named(name) for name, _, how in touches or () if how & HIDDEN)
            names = (f"{module_of(kind)}.{kind.__name__}" for kind in kinds if kind is not None)
            what, how = next(names, what), "used"
        yield Uncontrolled("code", what, (UncontrolledPart(unit.name, how, str(operation.where())),))


def public_name(callee: Callee) -> str:
    """Return the name by which programs call a function of the interpreter."""
    module = callee.module
    return f"{_PUBLIC.get(module) or module.removeprefix('_')}.{callee.name}"


_PUBLIC = {"posix": "os", "nt": "os"}


def cut_in(outcome: Outcome) -> Iterator[Uncontrolled]:
    """Yield the steps that read containers with too much in them. Call it right after the execution."""
    for unit, operation, _ in cut_short_in(outcome.log):
        part = UncontrolledPart(unit.name, "read", str(operation.where()))
        yield Uncontrolled("object", "contents of a large container", (part,))


#: The functions that find reasons, the most important first.
SOURCES: list[Callable[[Outcome], Iterable[Uncontrolled]]] = [_used, _threads]
