"""Calls that handed shared objects to code out of scope, so that not every interference of threads was run.

A function in Python may be interrupted anywhere, by any thread. Under control that never happens to a function out of
scope: its steps would have to be scheduling points. Two threads may be in such a function at the same time with the
same object, or one of them while the other one uses the object. Then there are schedules that were not, and cannot be,
run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from types import CodeType
from typing import Any, NamedTuple

from ...control import Operation, Place, Step, is_ours, is_stdlib
from ...control.calls import CTYPES, WEAK_REFERENCE, Callee, callee_at, callee_of
from ...control.identity import (
    CONTAINER,
    LruCache,
    class_holding,
    is_of_library,
    kind_of,
    module_of,
    name_of_class,
    python_function,
    type_named,
)
from ...control.interpreter import specials_at
from ...control.steps import CUT, FOREIGN, HIDDEN, OUTSIDE_MEMORY, UNSURE, WRITES
from ..happens_before._clocks import Accesses
from ..happens_before._synchronization import Order
from ._waking import wakings


class Unseen(NamedTuple):
    """A call of code out of scope: what was called, and where in scope."""

    callee: Callee
    place: Place
    #: Whether it may use files and databases there: it is a function of the interpreter that was not replaced.
    is_replaceable: bool = False

    @property
    def package(self) -> str:
        """The package to name in `interleave_include` so that the steps are seen; empty if that cannot help."""
        package = self.callee.module.partition(".")[0]
        return package if self.callee.python and package not in sys.builtin_module_names else ""

    @property
    def is_in_c(self) -> bool:
        """Whether it is a function of a library in C."""
        return self.callee.module == CTYPES and not self.callee.python

    def __str__(self) -> str:
        # The code of this package that runs the workers may call it itself.
        return str(self.callee) if is_ours(self.place.filename) else f"{self.callee} at {self.place}"


def unseen_in(log: Sequence[Step], *, choices: bool = True) -> list[Unseen]:
    """Return the calls that handed shared objects to code out of scope, each distinct one once.

    Call it right after the execution, while its objects have their names. `choices` says whether the execution had any
    choices.
    """
    found: dict[tuple[Callee, Place], Unseen] = {}
    for key, operation in _unordered(log) if choices else chain(_unordered(log), _going_on(log)):
        callee = _callee_of(operation, key)
        is_replaceable = key == OUTSIDE_MEMORY and callee.module != CTYPES
        unseen = Unseen(callee, operation.where(), is_replaceable)
        found.setdefault((unseen.callee, unseen.place), unseen)
    return list(found.values())


class _Object:
    """The latest accesses to an object: by code out of scope that may change it, or only reads; and by other code."""

    __slots__ = ("changed", "looked_at", "read", "written")

    def __init__(self) -> None:
        self.changed = Accesses()
        self.looked_at = Accesses()
        self.read = Accesses()
        self.written = Accesses()

    def called(self, how: int) -> Accesses:
        """Return the accesses by code out of scope that touches the object in the way `how`."""
        return self.changed if how & (WRITES | UNSURE) else self.looked_at


def _unordered(log: Sequence[Step]) -> Iterator[tuple[Any, Operation]]:
    """Yield objects that code out of scope was handed, and the calls, if nothing orders a call and another use."""
    foreign = {key for _, _, touches in log if touches for key, _, how in touches if how & FOREIGN}
    if not foreign:
        return
    order = Order(log)
    objects = {key: _Object() for key in foreign}
    #: By unit, the position of the call that its next steps may belong to.
    calls: dict[int, int] = {}
    for position, (unit, operation, touched) in enumerate(log):
        touches = touched
        if operation.is_external:
            order.follow_external(unit, touched or ())
            if OUTSIDE_MEMORY not in objects:
                continue
            # It was controlled, but what it used may have been used by code that was not.
            touches = tuple((OUTSIDE_MEMORY, None, how & WRITES) for _, _, how in touched or ())
        if touches is None:
            order.follow(position, unit, operation)
            call = calls.get(unit.index)
            if call is not None and is_of_library(operation.code):
                # The code continues with what it was handed. What this step has published is no later than that.
                clock = order.clock_of(unit)
                for key, _, how in log[call][2] or ():
                    if how & FOREIGN:
                        objects[key].called(how).add(unit.index, clock, call)
            elif call is not None and not is_stdlib(operation.code.co_filename):
                del calls[unit.index]
            continue
        if any(how & FOREIGN for _, _, how in touches):
            calls[unit.index] = position
        else:
            calls.pop(unit.index, None)
        clock = order.clock_of(unit)
        for key, _, how in touches:
            this = objects.get(key)
            if this is None:
                continue
            if how & FOREIGN:
                changes = how & (WRITES | UNSURE)
                others = (
                    (this.changed, this.looked_at, this.read, this.written) if changes else (this.changed, this.written)
                )
                own = this.called(how)
                if any(True for other in others for _ in other.unordered(clock)):
                    yield key, operation
            else:
                own = this.written if how & WRITES else this.read
                against = (this.changed, this.looked_at) if how & WRITES else (this.changed,)
                for step in {step for other in against for step in other.unordered(clock)}:
                    yield key, log[step][1]
            own.add(unit.index, clock, position)


def unread_in(log: Sequence[Step], *, choices: bool = True) -> Iterator[Step]:
    """Yield the steps that change what others read unseen, and that are not ordered with all other threads' steps.

    Without choices, the time right before a step counts as well: a thread may read there while it has no step to
    choose.
    """
    if not any(how & HIDDEN for _, _, touches in log for _, _, how in touches or ()):
        return
    order = Order(log)
    every, changing = Accesses(), Accesses()
    found: set[int] = set()
    for position, (unit, operation, touches) in enumerate(log):
        clock = order.clock_of(unit)
        if touches is None:
            if not choices:
                found.update(changing.unordered(clock))
                every.add(unit.index, clock, position)
            order.follow(position, unit, operation)
        elif operation.is_external:
            order.follow_external(unit, touches)
        changes = any(how & HIDDEN for _, _, how in touches or ())
        if changes and any(True for _ in every.unordered(clock)):
            found.add(position)
        found.update(changing.unordered(clock))
        if changes:
            changing.add(unit.index, clock, position)
        every.add(unit.index, clock, position)
    for position in sorted(found):
        yield log[position]


def cut_short_in(log: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps that read containers with too much in them while another thread may change what is in there."""
    if not any(how & CUT for _, _, touches in log for _, _, how in touches or ()):
        return
    order = Order(log)
    reads, changes = Accesses(), Accesses()
    found: set[int] = set()
    for position, (unit, operation, touches) in enumerate(log):
        clock = order.clock_of(unit)
        if order.follow_step(position, (unit, operation, touches)) or touches is None:
            continue
        if any(how & CUT for _, _, how in touches):
            reads.add(unit.index, clock, position)
            if any(True for _ in changes.unordered(clock)):
                found.add(position)
        if any(how & WRITES and _has_contents(key) for key, _, how in touches):
            changes.add(unit.index, clock, position)
            found.update(reads.unordered(clock))
    for position in sorted(found):
        yield log[position]


def _has_contents(name: Any) -> bool:
    """Whether an object is compared, or written as text, by what is in it."""
    kind = type_named(name)
    if kind is None or kind_of(kind) == CONTAINER:
        return type(name) is int
    found = (class_holding(kind, special) for special in ("__eq__", "__repr__", "__str__"))
    return any(holder is not None and holder[0] is not object for holder in found)


def _going_on(log: Sequence[Step]) -> Iterator[tuple[Any, Operation]]:
    """Yield objects that several threads use, and the calls, if such code wakes a thread and continues with the object.

    This is for an execution without choices. The thread that was woken may use what the object leads to.
    """
    foreign = {key for _, _, touches in log if touches for key, _, how in touches if how & FOREIGN}
    if not foreign:
        return
    users: dict[Any, set[int]] = {key: set() for key in foreign}
    for unit, _, touches in log:
        for key, _, _ in touches or ():
            if key in users:
                users[key].add(unit.index)
    for waking in wakings(log):
        call = _call_around(log, waking)
        if call is not None:
            _, operation, touches = call
            for key, _, how in touches or ():
                if how & FOREIGN and len(users[key]) > 1:
                    yield key, operation


def _call_around(log: Sequence[Step], position: int) -> Step | None:
    """Return the call of code out of scope that a step may be part of: its caller has taken no further step since."""
    waker = log[position][0]
    since: set[CodeType] = set()
    for step in reversed(log[: position + 1]):
        unit, operation, touches = step
        if unit is not waker:
            continue
        if touches and any(how & FOREIGN for _, _, how in touches):
            return None if operation.code in since else step
        since.add(operation.code)
    return None


def _callee_of(operation: Operation, name: Any) -> Callee:
    """Return what was called: a function, or a special method of the object's type."""
    called = callee_at(operation.code, operation.lasti)
    if called is not None:
        return called
    if type(name) is tuple:
        # The object that a weak reference refers to has died there.
        return WEAK_REFERENCE
    kind = type_named(name)
    if kind is LruCache:
        return Callee("functools", "lru_cache", python=False)
    if kind is None:
        return Callee("", operation.name.strip(".()[]") or "code")
    method = operation.name.strip(".()[]")
    for special in (*specials_at(operation.code, operation.lasti, method), method):
        holder = class_holding(kind, special)
        if holder is not None and holder[0] is not object:
            function = python_function(holder[1])
            if function is not None:
                return callee_of(function)
            return Callee(module_of(holder[0]), f"{name_of_class(holder[0])}.{special}")
    return Callee(module_of(kind), name_of_class(kind))
