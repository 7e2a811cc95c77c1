"""The objects that are checked for races, and the races that are allowed."""

from __future__ import annotations

import functools
import re
import sys
import threading
import types
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...control import Operation, Recorder, Step
from ...control.identity import (
    CONTAINER,
    LOCAL,
    STILL,
    bases_of,
    class_holding,
    is_class,
    is_one_of,
    key_of,
    kind_of,
    module_of,
    name_of,
    name_of_class,
    short_text,
    type_named,
)
from ...control.primitives import Barrier, Condition, Event, Lock, RLock, Semaphore, SimpleQueue
from ...control.scope import namespace_of_module
from ...control.steps import kinds
from ._fasttrack import Conflict, Wanted, conflicts_in
from ._races import Race, races_of
from ._variables import LENIENT, STRICT, Rules, Variable

_PRIMITIVES = (Lock, RLock, Condition, Event, Semaphore, Barrier, SimpleQueue)
#: At most this many unordered pairs of accesses are collected in one execution; the rest are skipped.
_MOST = 5_000
_PLACE = re.compile(r".+:\d+")
_NAME = re.compile(r"\w+(\.\w+)*")


class _Watched(NamedTuple):
    thing: Any
    #: The attributes or keys that count; all of them if it is empty.
    names: tuple[str, ...]
    #: The first step whose accesses count: before it, another object may have been at the same address.
    since: int


class Watchlist:
    """The objects that are watched for races, and the races that are allowed.

    With `everything`, all variables in scope count, but single calls of containers' methods may run in any order.
    """

    def __init__(self, *, everything: bool = False) -> None:
        self.everything = everything
        self._watched: list[_Watched] = []
        self._allowed: list[str] = []

    def __bool__(self) -> bool:
        return self.everything or bool(self._watched)

    def __len__(self) -> int:
        """Return the number of watched objects."""
        return len(self._watched)

    def forget_from(self, number: int) -> None:
        """Stop watching all but the first `number` objects."""
        del self._watched[number:]

    def watch(self, thing: Any, names: tuple[str, ...], since: int) -> None:
        """Check every access to `thing` from step `since` on for races, or only accesses to the attributes `names`.

        Raises `TypeError` if there can be no race on `thing`, if it has no such names, or if a name is not a string.
        """
        for name in names:
            if not issubclass(type(name), str):
                raise TypeError(
                    f"watch() takes the names of attributes, as strings, after the object, not {short_text(name)}"
                )
        kind = type(thing)
        reason = _why_not(thing)
        if reason is not None:
            raise TypeError(f"watch() cannot watch {_called(thing)}: {reason}")
        if names and kind_of(kind) == CONTAINER and not any(class_holding(kind, has) for has in ("keys", "__dict__")):
            raise TypeError(f"watch() got names for a {name_of_class(kind)}, which has no attributes: watch all of it")
        self._watched.append(_Watched(thing, names, since))

    def allow(self, patterns: tuple[str, ...]) -> None:
        """Do not report races on these names, or at these places.

        Raises `TypeError` if there is no pattern, or one is not a string; `ValueError` if one is neither a name nor a
        place.
        """
        if not patterns:
            raise TypeError(
                "allow() needs at least one name of an attribute ('hits'), of an attribute with its class "
                "('Stats.hits'), or place in the source ('stats.py:12')"
            )
        for pattern in patterns:
            if not issubclass(type(pattern), str):
                raise TypeError(
                    f"allow() takes strings ('hits', 'Stats.hits', 'stats.py:12'), not {short_text(pattern)}"
                )
            if not (_PLACE.fullmatch(pattern) or _NAME.fullmatch(pattern)):
                raise ValueError(f"allow() takes 'hits', 'Stats.hits' or 'stats.py:12', not {pattern!r}")
        self._allowed.extend(patterns)

    # -- races of an execution that is over, or still runs ----------------------------------------------------

    def suspects(self, log: Sequence[Step]) -> list[Conflict]:
        """Return the pairs of accesses that nothing orders and that are not allowed.

        Objects are known by name alone: two accesses may be to different objects that had one address in succession.
        """
        known: dict[object, bool] = {}
        found = []
        for conflict in conflicts_in(log, self.wanted()):
            variable = conflict.variable
            first, second = log[conflict.first][1], log[conflict.second][1]
            # The type is known by its address, because a metaclass may define hash and equality.
            key = (id(type_named(variable.name)), variable.part, first.code, first.lasti, second.code, second.lasti)
            allowed = known.get(key)
            if allowed is None:
                allowed = known[key] = _is_documented(first, second) or (
                    bool(self._allowed) and self._allows(races_of([conflict], log)[0])
                )
            if not allowed:
                found.append(conflict)
                if len(found) == _MOST:
                    break
        return found

    def races(self, log: Sequence[Step]) -> list[Race]:
        """Return the races on objects that are certainly one: with a name of their own, watched, or a module."""
        modules = {id(vars(module)) for module in list(sys.modules.values()) if type(module) is types.ModuleType}
        modules.update(_name_in_execution(watched.thing) for watched in self._watched)
        certain = [found for found in self.suspects(log) if found.variable.name < 0 or found.variable.name in modules]
        return races_of(certain, log)

    def confirmed(self, suspects: Sequence[Conflict], log: Sequence[Step], recorder: Recorder) -> list[Race]:
        """Return the races among `suspects` in `log`, the log of the same schedule executed again with `recorder`.

        The recorder has kept the object of the first of each two accesses alive, so that no other one can have its
        address.
        """
        pairs = {conflict[1:] for conflict in suspects}
        again = [found for found in self.suspects(log) if found[1:] in pairs and recorder.has(found.first)]
        return races_of(again, log, recorder)

    def _allows(self, race: Race) -> bool:
        return any(
            _is_at(race, pattern) if _PLACE.fullmatch(pattern) else pattern in race.labels for pattern in self._allowed
        )

    def wanted(self) -> Wanted:
        """Return a function that gives the rules for each access of the latest execution."""
        by_name: dict[int, list[_Watched]] = {}
        classes: list[_Watched] = []
        for watched in self._watched:
            by_name.setdefault(_name_in_execution(watched.thing), []).append(watched)
            if is_class(type(watched.thing)):
                classes.append(watched)
        otherwise = LENIENT if self.everything else None
        instances: dict[int, list[_Watched]] = {}

        def wanted(variable: Variable, step: int) -> Rules | None:
            name = variable.name
            for watched in by_name.get(name, ()):
                if step >= watched.since and _concerns(watched, variable):
                    return STRICT
            if classes:
                of_classes = instances.get(name)
                if of_classes is None:
                    of_classes = instances[name] = _watching_instance(classes, type_named(name))
                if any(_concerns(watched, variable) for watched in of_classes):
                    return STRICT
            return otherwise

        return wanted


def _is_documented(first: Operation, second: Operation) -> bool:
    """Whether this is `functools.cached_property`, which may compute a value twice, as its documentation says."""
    own = [operation.code.co_filename == functools.__file__ for operation in (first, second)]
    # Code that asks for the value first reads whether the instance has it already.
    return all(own) or (any(own) and (first if own[1] else second).kind == kinds.READ)


def _concerns(watched: _Watched, variable: Variable) -> bool:
    return not watched.names or (not variable.special and variable.part in watched.names)


def _watching_instance(classes: list[_Watched], kind: type | None) -> list[_Watched]:
    if kind is None:
        return []
    bases = bases_of(kind)
    return [watched for watched in classes if is_one_of(watched.thing, *bases)]


def _name_in_execution(thing: Any) -> int:
    if issubclass(type(thing), types.ModuleType):
        return id(namespace_of_module(thing))
    return key_of(thing) if kind_of(type(thing)) == CONTAINER else name_of(thing)


def _is_at(race: Race, pattern: str) -> bool:
    for access in (race.first, race.second):
        place = f"{access.place.filename}:{access.place.lineno}".replace("\\", "/")
        if place == pattern or place.endswith("/" + pattern.replace("\\", "/").removeprefix("/")):
            return True
    return False


def _called(thing: Any) -> str:
    kind = type(thing)
    return repr(thing) if is_one_of(kind, int, float, bool, type(None)) else f"a {name_of_class(kind)}"


def _why_not(thing: Any) -> str | None:
    kind = type(thing)
    # Not `isinstance`: it reads `__class__` of an object that is none of these, and that may be a property.
    if issubclass(kind, (*_PRIMITIVES, threading.Thread)) and module_of(kind).partition(".")[0] in _LIBRARY:
        return "it is thread-safe. Watch what it protects or hands over."
    if module_of(kind) == "queue":
        return "it is thread-safe. Watch what it hands over."
    sort = kind_of(kind)
    if sort == LOCAL:
        return "each thread has its own."
    if sort == STILL:
        return "it is immutable. Watch the object or the container that holds it."
    return None


_LIBRARY = frozenset(("threading", "_thread", "_queue", "pytest_interleave"))
