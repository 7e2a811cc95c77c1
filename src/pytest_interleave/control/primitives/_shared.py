"""The common parts of primitives: how a wait ends, and what messages say about them."""

from __future__ import annotations

from types import CodeType
from typing import TYPE_CHECKING, Any

from ..execution.units._resources import TimesOut
from ..scope._places import Place, place_of_code

if TYPE_CHECKING:
    from ..execution.units._units import Unit
    from ..steps._operations import Operation


class Made(TimesOut):
    """A primitive that messages describe by its name and the place where it was made."""

    __slots__ = ()

    #: Its name in messages; and what threads wait for, in front of the name, if they do not wait for the object itself.
    called: str
    event = ""
    #: The instruction that made it, if it is in scope.
    made: tuple[CodeType, int] | None

    def describe(self) -> str:
        """Return a text for messages: what it is, and where it was created."""
        return f"{self.called}{made_text(self.made)}"


class Owned(Made):
    """A lock that knows which controlled thread holds it."""

    __slots__ = ()

    #: The controlled thread that holds it, and the operation by which that thread first acquired it.
    owner: Unit | None
    acquired: Operation | None

    if TYPE_CHECKING:

        def _at_fork_reinit(self) -> None: ...

    def acquired_at(self) -> Place | None:
        """Return where the owner first acquired the lock; None if no controlled thread holds it."""
        return self.acquired.where() if self.acquired is not None and self.owner is not None else None

    def free_if_left_locked(self) -> bool:
        """Free the lock if the execution of its owner is over; return whether that was so."""
        owner = self.owner
        if owner is not None and owner.execution.over:
            self._at_fork_reinit()
            return True
        return False


class PartOf(TimesOut):
    """The threads that wait together for one event of a primitive."""

    __slots__ = ("primitive", "waiting")

    def __init__(self, primitive: Any) -> None:
        self.primitive = primitive
        self.waiting: list[Unit] = []

    def describe(self) -> str:
        """Return the text of the primitive, for messages."""
        text: str = self.primitive.describe()
        return text

    @property
    def awaited(self) -> Any:
        """The primitive that is waited for."""
        return self.primitive


def made_text(made: tuple[CodeType, int] | None) -> str:
    """Return " (created at FILE:LINE)" for messages; nothing if that is not known."""
    return "" if made is None else f" (created at {place_of_code(*made)})"
