"""The check whether a thread makes progress, by comparing it with itself.

A thread that returns to where it was, with the same variables, although nothing that others can see has changed
meanwhile, spins: it repeats the same steps until another thread changes something. What it calls is checked, too: what
an unknown function does cannot be seen.
"""

from __future__ import annotations

from enum import Enum
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...calls._known_calls import does_nothing_unknown
from ...identity._object_names import object_named
from ...identity._owners import MISSING
from ...identity._values import UNREADABLE, new_value, value_at
from ...interpreter._opcodes import opname_at
from ...scope._places import Place, user_place
from ...steps._kinds import SLEEP, WRITE
from ...steps._touches import OPAQUE, writes
from ._private_state import (
    Change,
    State,
    change_between,
    is_number,
    mark_of,
    numbers_that_differ,
    same_place,
    state_from,
    user_frame,
)

if TYPE_CHECKING:
    from types import CodeType

    from ...steps._operations import Operation
    from ...steps._touches import Touches
    from ..units._units import Unit

#: At most this many steps until a thread returns to where it was; otherwise it counts as one that works.
_MOST_STEPS = 600
#: Number of rounds that differ in anything, after which the thread counts as one that works; the first ones often do.
_ODD_ROUNDS = 3
#: Number of rounds in which a number has come nearer to zero, and none in which it has not, after which the thread
#: counts down, and so works.
_FALLS = 4
#: Number of rounds that differ in numbers only, after which the thread counts as one that counts.
_COUNTED_ROUNDS = 4


class Finding(Enum):
    """The result of a probe."""

    #: It repeats the same steps forever, unless another thread does something.
    SPINS = 0
    #: It repeats the same steps, and only counts its rounds.
    COUNTS = 1
    #: It makes progress, or may do so.
    WORKS = 2


class Probe:
    """A watch on `unit`: its methods are called at each step of the unit, in the unit's own thread.

    `until` is the code of the outermost frame, which is not inspected.
    """

    def __init__(self, unit: Unit, *, until: CodeType) -> None:
        self.unit = unit
        #: The result; None as long as there is none.
        self.found: Finding | None = None
        #: Whether the thread has tried for a lock that it may have got if the others had been elsewhere.
        self.tries = False
        #: Whether it has written the same values again and again.
        self.rewrites = False
        #: The place where it was last seen.
        self.place: Place | None = None
        self._until = until
        self._anchor: State | None = None
        self._held: tuple[int, ...] = ()
        self._steps = 0
        self._odd = self._counted = 0
        #: Whether something unknown was called; whether numbers were written that others can see.
        self._opaque = self._counts = False
        #: For each number of its state, how often it has come nearer to zero; None if it has also gone the other way.
        self._falls: dict[tuple[int, ...], int | None] = {}
        #: The mark of what was last written, by instruction.
        self._written: dict[tuple[int, int], Any] = {}

    def step(self, operation: Operation, touches: Touches | None, frame: FrameType, *, changed: bool) -> None:
        """Note a step that the thread is about to do; `changed` says whether it changes what others can see."""
        if self.found is None or self.found is Finding.COUNTS:
            found = self._step(operation, touches, frame, changed=changed)
            if found is not None:
                self.found = found
        if self.found is Finding.WORKS:
            self.end()

    def disturb(self) -> None:
        """Note that a thread has changed something: from now on it is unknown whether this one would repeat itself."""
        self._counts = True
        if self.found is Finding.SPINS:
            self.found = Finding.COUNTS

    def end(self) -> None:
        """Stop watching what the thread calls."""
        self.unit.execution.carriers.unwatch_calls(self.unit.half.ident)

    def _step(
        self, operation: Operation, touches: Touches | None, frame: FrameType, *, changed: bool
    ) -> Finding | None:
        self._steps += 1
        if self._steps > _MOST_STEPS or self._opaque:
            return Finding.WORKS
        if touches and any(how & OPAQUE for _, _, how in touches):
            return Finding.WORKS
        if not operation.patient:
            self.tries = True
        innermost = user_frame(frame)
        if innermost is None:
            return Finding.WORKS
        if changed and not self._only_counts(operation, innermost):
            return Finding.WORKS
        if self._anchor is None or same_place(innermost, self._anchor):
            return self._back(operation, innermost)
        return None

    def _back(self, operation: Operation, frame: FrameType) -> Finding | None:
        """Compare the thread, which is where it was before, with its state then; or take its first state."""
        state = state_from(frame, self._until, calls=operation.target is not None)
        if state is None:
            return Finding.WORKS
        held = tuple(id(lock) for lock in self.unit.held)
        before, self._anchor = self._anchor, state
        held_before, self._held = self._held, held
        self._steps = 0
        if before is None:
            self.place = user_place(frame)
            watched = self.unit.execution.carriers.watch_calls(self.unit.half.ident, self._calls)
            return None if watched else Finding.WORKS
        change = Change.ANYTHING if held != held_before else change_between(before, state)
        if change is Change.ANYTHING:
            self._odd += 1
            return Finding.WORKS if self._odd >= _ODD_ROUNDS else None
        if change is Change.NUMBERS and self._counts_down(before, state):
            return Finding.WORKS
        self._counted += 1
        if change is Change.NOTHING and not self._counts and self._counted > 1:
            return Finding.SPINS
        return Finding.COUNTS if self._counted >= _COUNTED_ROUNDS else None

    def _counts_down(self, before: State, after: State) -> bool:
        """Whether a number comes nearer to zero in round after round: there is an end to that."""
        for at, falls in numbers_that_differ(before, after):
            known = self._falls.get(at, 0)
            self._falls[at] = None if known is None or not falls else known + 1
        return any(known is not None and known >= _FALLS for known in self._falls.values())

    # -- what it does ----------------------------------------------------------------------------------------

    def _only_counts(self, operation: Operation, frame: FrameType) -> bool:
        """Whether a change writes only a number, what was written there before, or something for the first time."""
        code, lasti = operation.code, operation.lasti
        if operation.target is not None or operation.is_external or frame.f_code is not code:
            return False
        value = new_value(frame, opname_at(code, lasti), lasti)
        mark = None if value is MISSING else mark_of(value)
        if mark is None:
            return False
        place = (id(code), lasti)
        before = self._written.get(place)
        self._written[place] = mark
        if before == mark:
            self.rewrites = True
        elif is_number(mark):
            self._counts = True
        elif before is not None:
            return False
        return True

    def _calls(self, function: Any) -> None:
        if not self._opaque and not does_nothing_unknown(function):
            self._opaque = True


def changes(operation: Operation, touches: Touches | None) -> bool:
    """Whether a step may change something that others can see. A sleep does not."""
    if operation.mutates:
        return operation.kind != SLEEP
    return writes(touches)


def writes_what_is_there(operation: Operation, touches: Touches | None, frame: FrameType) -> bool:
    """Whether a step writes a value where that value already is, so that nothing changes."""
    if operation.kind != WRITE or operation.target is not None or operation.is_external or not touches:
        return False
    innermost = user_frame(frame)
    if innermost is None or innermost.f_code is not operation.code:
        return False
    name, part, _ = touches[-1]
    if type(name) is int and name > 0 and all(name != now for now, _, _ in operation.touch(innermost) or ()):
        # While the thread waited, the object whose address is the name may have been freed.
        return False
    owner = object_named(name)
    before = MISSING if owner is None else value_at(owner, part)
    after = new_value(innermost, opname_at(operation.code, operation.lasti), operation.lasti)
    if before is MISSING or before is UNREADABLE or after is MISSING:
        return False
    mark = mark_of(after)
    return before is after or (mark is not None and mark_of(before) == mark)
