"""A record of some steps of an execution: the objects that they access, and the values there."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..identity._object_names import object_named
from ..identity._owners import MISSING
from ..identity._types import is_dict
from ..identity._values import UNREADABLE, marked, new_value, owner_of_attribute, short_text, value_at
from ..interpreter._opcodes import opname_at
from ..interpreter._real_clocks import real_seconds
from ..scope._places import Place, places_in_scope
from ..steps._kinds import WRITE
from ..steps._touches import WRITES, shown_touch
from ._numbered import Numbered
from ._rounding import with_rounded

if TYPE_CHECKING:
    from ..steps._operations import Operation
    from ..steps._touches import Touches

#: At most this many calls around a step are recorded, from the innermost one in scope; the rest are left out.
_MOST_CALLS = 8
#: The text of a value that does not exist, and of one that is not known.
_NOTHING = short_text(MISSING)
_NOT_KNOWN = "?"


class Recorder:
    """Keeps the objects and values of the accesses at `steps`; with `everything`, the values of all other accesses too.

    The objects at `steps` are kept alive, so that from then on no other object has their addresses. The other values
    are recorded `until` a moment in real time.
    """

    def __init__(self, steps: Collection[int] = (), *, everything: bool = False, until: float = math.inf) -> None:
        self._steps = frozenset(steps)
        self._everything = everything
        self._until = until
        #: Whether values were left out because the time was over.
        self.cut_short = False
        self._kept: dict[int, list[Any]] = {}
        self._texts: dict[int, str] = {}
        #: The steps that find nothing where they look.
        self._empty: set[int] = set()
        #: By step, the object whose attribute is accessed: "Account #1".
        self._owners: dict[int, str] = {}
        #: By step, the places in scope of the calls that it is in.
        self._calls: dict[int, tuple[Place, ...]] = {}
        self._numbered = Numbered()
        #: By type, the objects of which parts were accessed.
        self._of_kind: dict[str, set[str]] = {}

    def text_at(self, step: int, beside: Iterable[int] = ()) -> str:
        """Return the value that was read at a step, or the old and the new one; empty if nothing is known.

        "unset" stands for an old value that did not exist, "?" for one that is not known. Floats are rounded, but
        differ from other ones at the steps `beside` it, which one row of a table shows.
        """
        text = with_rounded(self._texts.get(step, ""), (self._texts.get(other, "") for other in beside))
        return self._numbered.shown(text)

    def owner_at(self, step: int) -> str:
        """Return the object whose part was accessed at a step: "Account #1"; empty if that is not known."""
        return self._numbered.shown(self._owners.get(step, ""))

    def number_first(self, steps: Iterable[int]) -> None:
        """Number the objects at `steps` first, in that order."""
        self._numbered.show_first(
            text for step in steps for text in (self._owners.get(step, ""), self._texts.get(step, ""))
        )

    def has_several(self, kind: str) -> bool:
        """Whether parts of several objects of a type were accessed, of those that have a number."""
        return len(self._of_kind.get(kind, ())) > 1

    def finds_nothing(self, step: int) -> bool:
        """Whether there was nothing where a step reads, deletes or writes."""
        return step in self._empty

    def calls_at(self, step: int) -> tuple[Place, ...]:
        """Return the places of the calls in scope that a step is in, from its own place on; empty if not known."""
        return self._calls.get(step, ())

    def has(self, step: int) -> bool:
        """Whether the objects of a step are kept."""
        return step in self._kept

    def note(self, step: int, operation: Operation, touches: Touches | None, frame: FrameType | None) -> None:
        """Record a step that is about to be done by code that `frame` was called from."""
        concerned = step in self._steps
        if self._everything and real_seconds() < self._until:
            self._calls[step] = places_in_scope(frame, _MOST_CALLS)
        if not (concerned or self._everything) or step in self._texts or not touches or not operation.is_access:
            return
        if operation.is_external:
            # What it does is in its own words. No object has to be kept.
            self._kept[step], self._texts[step] = [], ""
            return
        if not concerned and real_seconds() >= self._until:
            self.cut_short = True
            return
        # Code that is in no file may have been made again: it is equal then.
        while frame is not None and frame.f_code is not operation.code and frame.f_code != operation.code:
            frame = frame.f_back
        owners = _owners(operation, touches, frame)
        if concerned:
            self._kept[step] = owners
        accessed = owners[_shown(operation, touches)]
        if accessed is not None:
            owner = self._owners[step] = self._numbered.name(accessed)
            self._of_kind.setdefault(self._numbered.shown(owner).rpartition(" #")[0], set()).add(owner)
        named = self._numbered.name
        text = "" if frame is None else _text(operation, touches, owners, frame, named)
        if text == _NOTHING or text.startswith(f"{_NOTHING} -> "):
            self._empty.add(step)
        self._texts[step] = "" if text == _NOTHING else text


def _owners(operation: Operation, touches: Touches, frame: FrameType | None) -> list[Any]:
    """Return the objects that are touched; None for each that is not available.

    The step was announced before other threads ran, and an object that has its address for a name may have died
    meanwhile.
    """
    names = [name for name, _, _ in touches]
    alive: set[Any] = {name for name in names if type(name) is int and name < 0}
    if len(alive) < len(names) and frame is not None:
        alive.update(name for name, _, _ in operation.touch(frame) or ())
    return [object_named(name) if name in alive else None for name in names]


def _shown(operation: Operation, touches: Touches) -> int:
    """Return the number of the touch whose value is shown: the last one that writes, for an access that does."""
    if operation.kind == WRITE:
        return next((at for at in range(len(touches) - 1, -1, -1) if touches[at][2] & WRITES), len(touches) - 1)
    return shown_touch(touches)


def _text(
    operation: Operation, touches: Touches, owners: list[Any], frame: FrameType, named: Callable[[Any], str]
) -> str:
    at = _shown(operation, touches)
    owner, part = owners[at], touches[at][1]
    if owner is None:
        return ""
    opname = opname_at(operation.code, operation.lasti)
    if part == "__class__" and operation.kind == WRITE:
        # The class of a module's namespace is another one.
        owner = owner_of_attribute(frame, opname, operation.lasti)
        if owner is MISSING:
            return ""
    if opname == "COMPARE_OP":
        # Both operands are read. Usually only one is shared, but that is not known here.
        pairs = zip(owners, touches, strict=True)
        values = [value_at(each, part) for each, (_, part, _) in pairs if each is not None]
        return " and ".join(
            short_text(value, 0, named, marked) for value in values if not (value is MISSING or value is UNREADABLE)
        )
    now = value_at(owner, part)
    if now is MISSING and opname.startswith("LOAD_") and is_dict(type(owner)):
        # A namespace does not have it, but the class of the module, or the built-in functions, may.
        now = UNREADABLE
    before = _NOT_KNOWN if now is UNREADABLE else short_text(now, 0, named, marked)
    if operation.kind == WRITE:
        new = new_value(frame, opname, operation.lasti)
        if new is not MISSING:
            return f"{before} -> {short_text(new, 0, named, marked)}"
    return "" if now is UNREADABLE else before
