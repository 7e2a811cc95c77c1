"""Leaves operators alone that have only numbers and texts to work with, as long as the assumptions for that hold.

See `_arithmetic`. The assumptions are watched: arguments when a function begins, and operators that are inspected
anyway. Once an assumption does not hold, what relies on it is inspected, too, from the same moment on. So the steps of
a program are those that they would be without all this.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from ..code._arithmetic import PLAIN_TYPES, Reader
from ..identity._types import identities
from ..interpreter._frames import frames, types_at, words_from
from ..interpreter._stack_depths import stack_depths, variables_of

if TYPE_CHECKING:
    from ..steps._operations import Operation, Resolver
    from ..steps._touches import Touches

_PLAIN = identities(PLAIN_TYPES)


class Granted:
    """The assumptions about one code object."""

    def __init__(
        self, code: CodeType, table: dict[int, Operation], reader: Reader, changed: Callable[[CodeType], None]
    ) -> None:
        """`table` has the accesses of `code`; `changed(code)` is called when accesses are put back into it."""
        self._code = code
        self._table = table
        self._reader = reader
        self._changed = changed
        self._doubted: set[Any] = set()
        #: The operators that are left alone, with the operations to do there if they are not.
        self._left_alone: dict[int, Operation] = {}
        self._arguments: list[tuple[str, Any]] = []
        #: Whether `begin` must be called when the code begins.
        self.minds_start = False

    def apply(self) -> None:
        """Leave operators alone from now on. Call it once, before the code runs."""
        found = self._reader.read(())
        if found.operators:
            depths = stack_depths(self._code)
            variables = variables_of(self._code)
            for offset in self._reader.watched:
                operation = self._table[offset]
                operation.touch = self._watching(operation, variables + depths[offset])
        for offset in found.operators:
            self._left_alone[offset] = self._table.pop(offset)
        self._listen_to(found.arguments)

    @property
    def holds(self) -> bool:
        """Whether anything is left alone."""
        return bool(self._left_alone)

    def begin(self, frame: FrameType) -> None:
        """Check the arguments of a call of the code that is about to begin in `frame`."""
        start = frames[id(frame) >> 3] >> 3
        for name, slots in self._arguments:
            word = slots[start]
            if not word or types_at[word >> 3] not in _PLAIN:
                self._doubt(name)

    def give_up(self) -> None:
        """Inspect all operators again: a call of the code began while it was not watched."""
        self._listen_to(frozenset())
        self._look_at(set(self._left_alone))

    def _doubt(self, what: str | int) -> None:
        self._doubted.add(what)
        if self._left_alone:
            found = self._reader.read(self._doubted)
            self._listen_to(found.arguments)
            self._look_at(self._left_alone.keys() - found.operators)

    def _listen_to(self, arguments: frozenset[str]) -> None:
        names = self._code.co_varnames
        self._arguments = [(name, words_from(names.index(name))) for name in sorted(arguments)]
        self.minds_start = bool(arguments)

    def _look_at(self, offsets: set[int]) -> None:
        if offsets:
            self._table.update((offset, self._left_alone.pop(offset)) for offset in offsets)
            self._changed(self._code)

    def _watching(self, operation: Operation, top: int) -> Resolver:
        inner = operation.touch
        left, right = words_from(top - 2), words_from(top - 1)

        def touch(frame: FrameType) -> Touches | None:
            start = frames[id(frame) >> 3] >> 3
            if types_at[left[start] >> 3] in _PLAIN and types_at[right[start] >> 3] in _PLAIN:
                return None
            operation.touch = inner
            self._doubt(operation.lasti)
            return inner(frame)

        return touch


def running() -> list[CodeType]:
    """Return the code of all calls that have started and not ended, in all threads."""
    return [frame.f_code for _, frame in running_frames()]


def running_frames() -> Iterator[tuple[int, FrameType]]:
    """Yield the frames of all calls that have started and not ended, and the identifiers of their threads."""
    frames = sys._current_frames()
    # One of the frames is this call's own. A reference from a frame to itself would keep it alive.
    innermost = list(frames.items())
    frames.clear()
    while innermost:
        ident, frame = innermost.pop()
        outer: FrameType | None = frame
        del frame
        while outer is not None:
            yield ident, outer
            outer = outer.f_back
