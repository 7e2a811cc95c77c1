"""What primitives have in common: how a wait ends, and what messages say of them."""

from __future__ import annotations

from types import CodeType
from typing import TYPE_CHECKING, Any

from ..execution.units._resources import TimesOut
from ..scope._places import Place, place_of_code

if TYPE_CHECKING:
    from ..execution.units._units import Unit
    from ..steps._operations import Operation


class Made(TimesOut):
    """A primitive that messages name by what it is called and where it was made."""

    __slots__ = ()

    #: What messages call it.
    called: str
    #: The instruction that made it, if it is in scope.
    made: tuple[CodeType, int] | None

    def describe(self) -> str:
        """For messages: what it is and where it was made."""
        return f"{self.called}{made_text(self.made)}"


class Owned(Made):
    """A lock that knows which controlled thread holds it."""

    __slots__ = ()

    #: The controlled thread that holds it, and the operation by which it first acquired it.
    owner: Unit | None
    acquired: Operation | None

    def acquired_at(self) -> Place | None:
        """Where its owner first acquired it."""
        return self.acquired.where() if self.acquired is not None and self.owner is not None else None

    def free_if_left_locked(self) -> bool:
        """Free it if the execution of its owner is over; whether that was so."""
        owner = self.owner
        if owner is not None and owner.execution.over:
            self._at_fork_reinit()
            return True
        return False

    def _at_fork_reinit(self) -> None:
        """See `threading.Lock._at_fork_reinit`: make it a new lock."""
        raise NotImplementedError


class PartOf(TimesOut):
    """Those who wait together for one thing that a primitive does."""

    __slots__ = ("primitive", "waiting")

    def __init__(self, primitive: Any) -> None:
        self.primitive = primitive
        self.waiting: list[Unit] = []

    def describe(self) -> str:
        """For messages: the primitive."""
        text: str = self.primitive.describe()
        return text

    @property
    def awaited(self) -> Any:
        """The primitive, for those who ask what is waited for."""
        return self.primitive


def made_text(made: tuple[CodeType, int] | None) -> str:
    """For messages: " (made at FILE:LINE)" if that is known."""
    return "" if made is None else f" (made at {place_of_code(*made)})"
