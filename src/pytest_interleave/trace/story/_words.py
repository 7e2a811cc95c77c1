"""The words for the steps of an execution: which thread does what to what, with which value."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import Operation, Outcome, Recorder, Step, is_stdlib
from ...control.execution import awaited, described, short_name
from ...control.interpreter import opname_at
from ...control.steps import WRITES, kinds
from ...detect import name_of_access
from ..causes._checks import looks_up
from ..causes._names import distinguished
from ._evidence import Evidence

#: Queues of the standard library that are made of locks and conditions.
_QUEUES = frozenset(("Queue", "LifoQueue", "PriorityQueue"))


class Words:
    """The words for one execution; values and numbers of objects are those that `recorder` has."""

    def __init__(self, outcome: Outcome, recorder: Recorder | None) -> None:
        self._log: Sequence[Step] = outcome.log
        self._recorder = recorder
        self._names = distinguished(outcome.threads)
        self._primitives = described(outcome.log)

    def thread(self, position: int) -> str:
        """Return the name of the thread that did a step."""
        return self._names[self._log[position][0].index]

    def primitive(self, position: int) -> str:
        """Return the short name of the primitive that a step used: "Lock #1"."""
        operation = self._log[position][1]
        owner, _, method = operation.code.co_qualname.partition(".")
        if method and is_stdlib(operation.code.co_filename) and owner in _QUEUES:
            # Its locks and conditions are its own affair.
            return owner
        target = operation.target
        name = self._primitives.get(id(target)) or self._primitives.get(id(awaited(target)), "")
        return short_name(name).removeprefix("notify() on ")

    def what(self, position: int) -> str:
        """Return the name of what a step accesses: "Account.balance"; with the object's number if there are several."""
        _, operation, touches = self._log[position]
        return numbered(name_of_access(operation, touches), position, self._recorder)

    def value(self, position: int) -> str:
        """Return the value that a step read, or the old and the new one; empty if it is not known."""
        return "" if self._recorder is None else self._recorder.text_at(position)

    def found_nothing(self, position: int) -> bool:
        """Whether a step has looked for an item that was not there."""
        if self._recorder is None or not self._recorder.has_text(position) or self.value(position):
            return False
        # The value of an attribute may also be one that cannot be known without running code.
        return self.what(position).endswith("]")

    def evidence(self, position: int, variable: str = "") -> Evidence:
        """Return a step as evidence; `variable` is what is accessed, if that need not be named again."""
        operation = self._log[position][1]
        did = self._accessed(position, variable) if operation.is_access else self._used(position)
        place = operation.where()
        return Evidence(position, f"{self.thread(position)} {did}", str(place), place.text)

    def _used(self, position: int) -> str:
        operation = self._log[position][1]
        name = self.primitive(position)
        if name in _QUEUES:
            return f"calls {operation.code.co_qualname}()"
        verb = kinds.TABLE[operation.kind].present or f"{operation.kind}s"
        return f"{verb} {name}".rstrip()

    def _accessed(self, position: int, variable: str) -> str:
        _, operation, touches = self._log[position]
        part = touches[-1][1] if touches else None
        value, what = self.value(position), self.what(position)
        same = what == variable
        if operation.kind in kinds.OF_CALLS:
            return "finishes its call" if operation.kind == kinds.RETURN else "resumes the generator"
        call = call_of(operation)
        if call:
            called = f"{what if part is None and what.isidentifier() else ''}{call}"
            of = f" on {what}" if what.endswith("]") and not same else ""
            if looks_up(operation) and self.found_nothing(position):
                return f"calls {called}{of}, finds nothing"
            return f"calls {called}{of}{called_with(value, part, writes=operation.kind != kinds.READ)}"
        if opname_at(operation.code, operation.lasti) == "CONTAINS_OP" and part is not None:
            found = "" if self._recorder is None else f", {'found' if value else 'not found'}"
            return f"checks{'' if same else f' {what}'}{found}"
        if operation.kind == kinds.WRITE and value and " -> " not in value:
            # What is written is not known.
            return f"writes {'it' if same else what} (was {value})"
        if operation.kind == kinds.WRITE and value.startswith("unset -> "):
            new = value.removeprefix("unset -> ")
            return f"sets {new} (was unset)" if same else f"sets {what} to {new}"
        if operation.name == "next" and part != "next":
            verb = "calls next() on"
        elif operation.kind == kinds.READ and any(how & WRITES for _, _, how in touches or ()):
            verb = "updates"
        else:
            verb = kinds.TABLE[operation.kind].present or kinds.TABLE[kinds.READ].present
        if operation.kind in (kinds.READ, kinds.DELETE) and self.found_nothing(position):
            return f"{'finds' if operation.kind == kinds.READ else 'deletes'} nothing{'' if same else f' in {what}'}"
        if same:
            return f"{verb} {value or 'it'}"
        return f"{verb} {what} ({value})" if value else f"{verb} {what}"


def call_of(operation: Operation) -> str:
    """Return the call of a method that an access is, as in the source: ".append()"; empty if it is none."""
    return operation.name if operation.name.startswith(".") and operation.is_where_it_shows else ""


def called_with(value: str, part: object, *, writes: bool) -> str:
    """Return what a method is called on, if `value` is known: the container, or the item that it concerns."""
    if not value:
        return ""
    if part is None:
        return f" on {value}"
    return f" (was {value})" if writes else f": {value}"


def numbered(name: str, position: int, recorder: Recorder | None) -> str:
    """Return "Account #1.balance" for "Account.balance" if the execution has used several objects of that class."""
    owner = "" if recorder is None else recorder.owner_at(position)
    kind, _, number = owner.rpartition(" #")
    if not number or recorder is None or not recorder.has_several(kind) or not name.startswith(f"{kind}."):
        return name
    return owner + name.removeprefix(kind)
