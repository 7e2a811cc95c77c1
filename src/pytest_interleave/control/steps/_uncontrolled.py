"""Reasons why a search is not "exhaustive": parts of a program whose order the scheduler cannot choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class UncontrolledPart(NamedTuple):
    """The part of one thread in something uncontrolled."""

    #: Empty if no thread is known.
    thread: str
    #: A past participle: "written".
    how: str
    #: File and line; empty if they are not known.
    where: str

    def __str__(self) -> str:
        by = f" by {self.thread}" if self.thread else ""
        at = f" at {self.where}" if self.where else ""
        return f"{self.how}{by}{at}"


class Uncontrolled(NamedTuple):
    """A thread, or something that threads use, that is not under control."""

    #: "file", "directory", "database", "socket", "pipe", "process", "thread", "code", "object" or "nondeterminism".
    kind: str
    #: Its name, in words that fit the kind.
    what: str
    parts: tuple[UncontrolledPart, ...] = ()
    #: How to put it under control: "set interleave_include = socketio"; empty if that is not possible.
    advice: str = ""

    def __str__(self) -> str:
        details = "; ".join(filter(None, (", ".join(map(str, self.parts)), self.advice)))
        return f"{self.what} ({details})" if details else self.what

    def as_json(self) -> dict[str, Any]:
        """Return the entry in the machine-readable report."""
        return {
            "kind": self.kind,
            "what": self.what,
            "parts": [part._asdict() for part in self.parts],
            "advice": self.advice,
            "text": str(self),
        }

    @classmethod
    def from_json(cls, reported: Mapping[str, Any]) -> Uncontrolled:
        """Restore an object from its entry in the machine-readable report."""
        parts = tuple(UncontrolledPart(**part) for part in reported["parts"])
        return cls(reported["kind"], reported["what"], parts, reported.get("advice", ""))


class Reasons:
    """The distinct reasons over all executions of a test."""

    def __init__(self, known: Iterable[Uncontrolled] = ()) -> None:
        self._known: dict[Uncontrolled, None] = {}
        self._seen: set[object] = set()
        for reason in known:
            self.add(reason)

    def __bool__(self) -> bool:
        return bool(self._known)

    def add(self, reason: Uncontrolled) -> None:
        """Add a reason, unless it is known; two that name the same thing, or the same places, are one."""
        same_thing = reason.kind, reason.what
        places = tuple((part.how, part.where) for part in reason.parts if part.where)
        same_places = reason.kind, places
        if same_thing in self._seen or (places and same_places in self._seen):
            return
        self._seen.update((same_thing, same_places))
        self._known[reason] = None

    def all(self) -> tuple[Uncontrolled, ...]:
        """Return the reasons in the order in which they were found."""
        return tuple(self._known)
