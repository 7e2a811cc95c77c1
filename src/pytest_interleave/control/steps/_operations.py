"""Operations: what a unit will do when it is granted."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING

from ..scope._frozen import file_of
from ..scope._places import Place, place_of_code

if TYPE_CHECKING:
    from typing import Any

    from ._kinds import Kind
    from ._touches import Touches

#: Takes the frame that is about to run an instruction; returns what it will touch, or None if it is no access.
Resolver = Callable[[FrameType], "Touches | None"]


def touches_nothing(_frame: FrameType) -> Touches:
    """Return no touches. This is the resolver of what is no access."""
    return ()


class Operation:
    """An action that a unit will do when it is granted: its kind, its target, its place in the source.

    `kind` is a short verb ("acquire", "read"). `target` is the primitive, or None for an access to data. `name` is what
    an access touches as it is written (an attribute's name), or the answer to a question. `mutates` says whether the
    operation changes something that others can wait for: to take a lock and release it, with nothing else done, leaves
    everything as it was. `place` is the nearest place in scope, known if the execution is a detailed one. `touch`
    determines what an access touches, in the frame that is about to do it.
    """

    __slots__ = (
        "_own_place", "announced", "code", "expired_at", "kind", "lasti", "mutates", "name", "place", "target", "touch",
    )  # fmt: skip

    #: False if it waits for a limited time, or not at all.
    patient = True
    #: True for a step on state outside memory, see `External`.
    is_external = False

    def __init__(
        self,
        kind: Kind,
        target: Any,
        code: CodeType,
        lasti: int,
        mutates: bool = True,
        name: str = "",
    ) -> None:
        self.kind = kind
        self.target = target
        self.code = code
        self.lasti = lasti
        self.mutates = mutates
        self.name = name
        self.place: Place | None = None
        self._own_place: Place | None = None
        self.touch: Resolver = touches_nothing
        #: The number of steps that there had been when its time limit was reached; None if it was not reached.
        self.expired_at: int | None = None
        #: False if it is no scheduling point, but belongs to the step before it.
        self.announced = True

    def where(self) -> Place:
        """Return the nearest place in scope if it is known, else the place of the instruction."""
        if self.place is not None:
            return self.place
        if self._own_place is None:
            self._own_place = place_of_code(self.code, self.lasti)
        return self._own_place

    @property
    def is_where_it_shows(self) -> bool:
        """Whether it is in the source file that is shown for it, rather than in a library that is called there."""
        return self.where().filename == file_of[self.code.co_filename]

    @property
    def is_access(self) -> bool:
        """Whether this is an access to data rather than an operation on a primitive or a thread."""
        return self.target is None

    def at(self, place: Place | None) -> Operation:
        """Return the same operation, done for the code at `place`."""
        same = type(self)(self.kind, self.target, self.code, self.lasti, self.mutates, self.name)
        same.announced = self.announced
        same.touch = self.touch
        same.place = place
        return same

    def within_a_step(self) -> Operation:
        """Return the same operation as part of the step before it."""
        same = self.at(self.place)
        same.announced = False
        return same

    def same_as(self, other: Operation) -> bool:
        """Whether both operations do the same at the same instruction.

        Targets are not compared: objects of two executions are never identical.
        """
        return (
            self.kind == other.kind
            and self.lasti == other.lasti
            and self.code.co_name == other.code.co_name
            and self.code.co_filename == other.code.co_filename
            and self.code.co_firstlineno == other.code.co_firstlineno
        )

    def __repr__(self) -> str:
        return f"<Operation {self.kind} {self.name or self.target!r} at {self.where()}>"


class ImpatientOperation(Operation):
    """An operation that waits for a limited time, or not at all."""

    __slots__ = ()

    patient = False
