"""The things that a failure may depend on, of all that threads accessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...control import Outcome, Place, is_ours, is_stdlib
from ...explore.search import never
from ._failing import Line, end_of_failure, failing_positions, traceback_lines
from ._loops import loops_of
from ._overlaps import Access, Thing, TimeIsOver
from ._slices import Slices


class Involved:
    """The parts of things that decide what the failing lines do.

    The failing lines are those of the exceptions' tracebacks, or of the loops that threads repeat, and the lines that
    they depend on by the source. For all that is accessed there, the lines that write it are added, then those that
    these depend on, and so on. Raises `TimeIsOver` once `is_over`.
    """

    def __init__(
        self, outcome: Outcome, things: Sequence[Sequence[tuple[Thing, Access]]], is_over: Callable[[], bool] = never
    ) -> None:
        #: By line, what is accessed there; and by thing and part, the lines that write it.
        self._by_line: dict[Line, dict[tuple[Thing, Any], None]] = {}
        self._written: dict[Thing, dict[Any, dict[Line, None]]] = {}
        for found in things:
            for thing, access in found:
                line = access.place[:2]
                self._by_line.setdefault(line, {})[thing, access.part] = None
                if access.writes:
                    self._written.setdefault(thing, {}).setdefault(access.part, {})[line] = None
        #: By thing, the parts that are involved; nothing is known if it is empty.
        self._parts: dict[Thing, set[Any]] = {}
        self._lines: set[Line] = set()
        self._is_over = is_over
        failing = list(_failing_lines(outcome))
        if failing and self._by_line:
            self._follow(failing)

    @property
    def known(self) -> bool:
        """Whether anything is known about what is involved."""
        return bool(self._parts)

    def has(self, thing: Thing, access: Access) -> bool:
        """Whether the failure may depend on what was accessed; also true if nothing is known."""
        parts = self._parts.get(thing)
        if parts is None:
            return not self.known
        return access.part is None or None in parts or access.part in parts

    def has_line(self, place: Place) -> bool:
        """Whether the failure may depend on what is done at a line; also true if nothing is known."""
        return not self.known or place[:2] in self._lines

    def decides(self, thing: Thing, access: Access) -> bool:
        """Whether the failure may depend on an access, and on its line."""
        return self.has(thing, access) and self.has_line(access.place)

    def _follow(self, lines: list[Line]) -> None:
        filenames = {filename for filename, _ in (*self._by_line, *lines)}
        slices = Slices(sorted(name for name in filenames if not (is_ours(name) or is_stdlib(name))))
        seen = set()
        while lines:
            if self._is_over():
                raise TimeIsOver
            statement = slices.statement_at(*lines.pop())
            waiting = [statement] if statement is not None else []
            while waiting:
                statement = waiting.pop()
                if statement in seen:
                    continue
                seen.add(statement)
                waiting.extend(slices.depends_on(statement))
                for number in statement.lines:
                    line = (statement.filename, number)
                    waiting.extend(each for name in self._unwritten_at(line) for each in slices.mentioning(name))
                    lines.extend(self._reach(line))

    def _unwritten_at(self, line: Line) -> Iterator[str]:
        """Yield the names of attributes that a line reads and no thread has written: that may be the fault."""
        for thing, part in self._by_line.get(line, ()):
            if type(part) is str and part.isidentifier() and part not in self._written.get(thing, ()):
                yield part

    def _reach(self, line: Line) -> Iterator[Line]:
        """Add what is accessed at a line, and yield the lines that write it."""
        self._lines.add(line)
        for thing, part in self._by_line.get(line, ()):
            parts = self._parts.setdefault(thing, set())
            if part in parts:
                continue
            parts.add(part)
            written = self._written.get(thing, {})
            for lines in written.values() if part is None else (written.get(part, ()), written.get(None, ())):
                yield from lines


def _failing_lines(outcome: Outcome) -> Iterator[Line]:
    for loop in loops_of(outcome):
        yield from (place[:2] for place in loop.places)
    for at in failing_positions(outcome, end_of_failure(outcome)):
        # The access may be in a method that the line has called without naming it: `len(cache)`.
        yield outcome.log[at][1].where()[:2]
    yield from traceback_lines(outcome)
