"""Data races as they are reported to users."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._texts import cut
from ...control import Operation, Place, Recorder, Step, Touches, is_ours
from ...control.execution import CREATED, described, short_name
from ...control.identity import (
    bases_of,
    is_class,
    name_of_class,
    object_named,
    qualname_of,
    short_text,
    shows_key,
    touched_expression,
    type_named,
)
from ...control.steps import External, kinds, shown_touch
from ..happens_before._holding import Holding
from ._fasttrack import Conflict
from ._variables import (
    CALL,
    CELL,
    CLOSURE,
    ITEM,
    ROUND,
    WHOLE,
    Variable,
    form_of,
    is_attribute,
    opname_of,
    variables_of,
)

#: At most this many races are described in full; of the rest, only the number is given.
_MOST_REPORTED = 5
#: The text of a line is cut where the line of the message gets longer than this. If that leaves fewer characters than
#: the second number, it has a line of its own, so that the place stays whole.
_WIDTH = 74
_NARROWEST_SOURCE = 20


@dataclass(frozen=True)
class Access:
    """One of the two accesses of a race."""

    #: The verb, as in "worker-0 reads".
    does: str
    thread: str
    place: Place
    #: The locks that the thread held then, and where each was created. Locks of one type are numbered.
    locks: tuple[str, ...]
    #: The value read, or the old and the new one; empty if it was not recorded.
    value: str = ""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """What was done, where, the text of the line, and under which locks."""
        locks = ", ".join(map(short_name, self.locks)) if self.locks else "no lock"
        return f"{self.thread} {self.does}", str(self.place), self.place.text, f"({locks})"


@dataclass(frozen=True)
class Race:
    """Two accesses to one variable that no synchronization orders, at least one of them a write."""

    #: The variable: "Counter.value", "global hits", "a list", …
    what: str
    #: The access that came first: `thread`, `does` (the verb), `place` (file and line), `locks` and `value`.
    first: Access
    #: The access that came second, with the same attributes.
    second: Access
    #: The names under which it can be allowed.
    labels: frozenset[str] = field(default=frozenset(), repr=False)
    #: The positions of the accesses in the log.
    steps: tuple[int, ...] = field(default=(), repr=False, compare=False)

    @property
    def key(self) -> object:
        """A value that is equal for races reported once: on the same variable, between the same two lines."""
        return (self.what, frozenset((self.first.place[:2], self.second.place[:2])))

    def __str__(self) -> str:
        return describe_races((self,))


class DataRace(AssertionError):
    """Raised for unsynchronized accesses to one variable by two threads, at least one of them a write."""

    __module__ = "pytest_interleave"

    def __init__(self, races: Sequence[Race]) -> None:
        self.races = tuple(races)
        super().__init__(describe_races(races))


def describe_races(races: Sequence[Race]) -> str:
    """Return the accesses of the first five races, by variable, and the number of the other races."""
    by_variable: dict[str, dict[Access, None]] = {}
    for race in races[:_MOST_REPORTED]:
        by_variable.setdefault(race.what, {}).update(dict.fromkeys((race.first, race.second)))
    cells = [access.cells for accesses in by_variable.values() for access in accesses]
    widths = [max(len(row[column]) for row in cells) for column in (0, 1)]
    lines = []
    for what, accesses in by_variable.items():
        lines.append(f"{what} is accessed without synchronization")
        for does, place, text, held in (access.cells for access in accesses):
            before = f"  {does:<{widths[0]}}  {place:<{widths[1]}}  "
            room = _WIDTH - len(before) - len(held) - 2
            if text and room < min(_NARROWEST_SOURCE, len(text)):
                lines += [before.rstrip(), f"    {cut(text, _WIDTH - len(held) - 6)}  {held}"]
            else:
                lines.append(f"{before}{f'{cut(text, room)}  ' if text else ''}{held}")
    locks = {text for accesses in by_variable.values() for access in accesses for text in access.locks}
    lines += [f"  {text}" for text in sorted(locks) if CREATED in text]
    if len(races) > _MOST_REPORTED:
        more = len(races) - _MOST_REPORTED
        lines.append(f"… and {more} more data race{'' if more == 1 else 's'}")
    return "\n".join(lines)


def races_of(conflicts: Iterable[Conflict], log: Sequence[Step], recorder: Recorder | None = None) -> list[Race]:
    """Return the distinct races among conflicts, each once; their values are those that `recorder` has."""
    conflicts = list(conflicts)
    locks = _locks_at(log, {step for conflict in conflicts for step in (conflict.first, conflict.second)})
    names = described(log, itertools.chain.from_iterable(locks.values()))
    found: dict[object, Race] = {}

    def access(step: int, texts: tuple[str, ...]) -> Access:
        unit, operation, _ = log[step]
        value = "" if recorder is None else recorder.text_at(step)
        return Access(_does(operation), unit.name, operation.where(), texts, value)

    for conflict in conflicts:
        operations = (log[conflict.first][1], log[conflict.second][1])
        what, labels = _name(conflict.variable, operations)
        of_first, of_second = (
            tuple(names[id(lock)] for lock in locks[step]) for step in (conflict.first, conflict.second)
        )
        steps = (conflict.first, conflict.second)
        race = Race(what, access(conflict.first, of_first), access(conflict.second, of_second), labels, steps)
        found.setdefault(race.key, race)
    return list(found.values())


def _locks_at(log: Sequence[Step], steps: set[int]) -> dict[int, list[Any]]:
    holding = Holding()
    found = {}
    for position in range(max(steps, default=-1) + 1):
        unit, operation, _ = log[position]
        if operation.target is not None:
            holding.follow(unit, operation)
        elif position in steps:
            found[position] = holding.of(unit)
    return found


def _does(operation: Operation) -> str:
    form = form_of(operation)
    if form == CALL and not operation.is_where_it_shows:
        return kinds.TABLE[operation.kind].present or operation.kind
    if form == CALL and operation.name.startswith("."):
        return f"calls {operation.name}"
    if form == CALL and operation.name.isidentifier():
        return f"calls {operation.name}()"
    if form == ROUND:
        return "iterates it"
    if form == ITEM:
        verb = kinds.TABLE[operation.kind].present
        return f"{verb} an item" if verb else operation.kind
    return kinds.TABLE[operation.kind].present or operation.kind


def _name(
    variable: Variable, operations: tuple[Operation, Operation], *, as_written: bool = False
) -> tuple[str, frozenset[str]]:
    """Return the name of a variable, and the names under which races on it can be allowed.

    With `as_written`, a container, or that of an item, is named as in the source of the first operation.
    """
    kind = type_named(variable.name)
    if variable.part is CELL:
        name = next((operation.name for operation in operations if form_of(operation) == CLOSURE), "")
        return f"closure variable {name}", frozenset((name,))
    if variable.part is WHOLE:
        return _container(kind, operations[0] if as_written else None), frozenset()
    part = variable.part
    if any(opname_of(operation).endswith("_GLOBAL") for operation in operations):
        return f"global {part}", frozenset((part,))
    thing = object_named(variable.name) if variable.name < 0 else None
    if all(form_of(operation) == ITEM or form_of(operation) == CALL for operation in operations) and not is_attribute(
        kind, part
    ):
        labels = frozenset((part,)) if isinstance(part, str) else frozenset()
        return _item(part, kind, operations[0] if as_written else None), labels
    if is_class(type(thing)):
        owners: Sequence[type] = bases_of(thing)
    else:
        # A plain dictionary has no attributes that change: it is the namespace of a module, for example.
        owners = () if kind is None or kind is dict else bases_of(kind)
    names = [name for owner in owners for name in (name_of_class(owner), qualname_of(owner))]
    labels = frozenset((str(part), *(f"{name}.{part}" for name in names)))
    return f"{name_of_class(owners[0])}.{part}" if owners else f"attribute {part}", labels


def name_of_access(operation: Operation, touches: Touches | None) -> str:
    """Return a name for what an access touches: "Account.balance", "global hits", "state[0]", "a list"."""
    if isinstance(operation, External):
        return operation.what
    variables = [variable for variable, _ in variables_of(operation, touches or ())]
    is_call = opname_of(operation).startswith("CALL") or is_ours(operation.code.co_filename)
    if not variables and is_call:
        # The operation has the name of what is called.
        return name_with_article(type_named(touches[shown_touch(touches)][0]) if touches else None)
    if not variables:
        return operation.name.strip(".()[]") or "a container"
    single = [variable for variable in variables if variable.part is not WHOLE]
    return _name((single or variables)[-1], (operation, operation), as_written=True)[0]


def _container(kind: type | None, written_by: Operation | None) -> str:
    written = "" if written_by is None else touched_expression(written_by, kind)
    return written or name_with_article(kind)


def name_with_article(kind: type | None) -> str:
    """Return a name for an object of a type: "a list", "an OrderedDict"; "a container" if the type is not known."""
    if kind is None:
        return "a container"
    name = name_of_class(kind)
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


def _item(part: Any, kind: type | None, written_by: Operation | None) -> str:
    written = "" if written_by is None else touched_expression(written_by, kind)
    if written and shows_key(part):
        return f"{written}[{short_text(part)}]"
    key = f"item {short_text(part)}" if shows_key(part) else "an item"
    return f"{key} of {written or name_with_article(kind)}"
