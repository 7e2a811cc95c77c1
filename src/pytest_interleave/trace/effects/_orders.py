"""The order in which threads that blocked, or had not started, accessed one thing: no thread was preempted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...control import Step
from ...control.steps import WRITES
from ..causes._involved import Involved
from ..causes._overlaps import Access, Thing, swapped
from ._accesses import same_function
from ._kinds import TooEarly
from ._windows import Window, Windows, touched_in


class Orders:
    """Such orders in one execution, which has failed after `end` steps."""

    def __init__(
        self,
        log: Sequence[Step],
        end: int,
        things: Sequence[Sequence[tuple[Thing, Access]]],
        involved: Involved,
        windows: Windows,
    ) -> None:
        self._log = log
        self._end = end
        self._things = things
        self._involved = involved
        self._windows = windows

    def first_of(self, windows: Sequence[Window]) -> TooEarly | None:
        """Return the first order that can explain the failure; None if there is none.

        That is a read before the failure of what was only written after it, else an access in the other order than that
        in which the threads were started.
        """
        first = min(
            (pair for window in windows for pair in self._read_at_failure(window)),
            key=lambda pair: (pair[1].position, pair[0].position),
            default=None,
        )
        if first is None:
            first = self._read_before(windows) or self._replaced_before(windows)
        return None if first is None else TooEarly(*first)

    def _read_at_failure(self, window: Window) -> Iterator[tuple[Access, Access]]:
        """Yield what another thread read before it failed, each with the assignment after the failure."""
        for thing in touched_in(self._things, window):
            for access, later in self._read_too_early(thing, window):
                if later.position >= self._end and self._involved.has(thing, access):
                    yield access, later

    @staticmethod
    def _read_too_early(thing: Thing, window: Window) -> Iterator[tuple[Access, Access]]:
        """Yield what another thread read before the thread of the window assigned it.

        That one may read it first, as `x += 1` does, unless both threads do the same.
        """
        for access, later in swapped(thing, *window, assigned=True):
            reads_first = thing.next(window.thread, window.until, access) != later
            own = thing.next(access.thread, 0, None, assigned=True)
            if not access.writes and not (reads_first and (own is not None or same_function(access, later))):
                yield access, later

    def _read_before(self, windows: Iterable[Window]) -> tuple[Access, Access] | None:
        """Return a read of what another thread, which ran later, wrote only then; None if several threads have such.

        The reading thread has not read it again.
        """
        found = [
            (access, later)
            for window in windows
            for thing in touched_in(self._things, window)
            for access, later in self._read_too_early(thing, window)
            if not same_function(access, later)
            and self._involved.decides(thing, access)
            and not self._is_read_again(thing, access, later)
        ]
        first = min(found, key=lambda pair: (pair[0].position, pair[1].position), default=None)
        return first if len({access.thread for access, _ in found}) == 1 else None

    def _is_read_again(self, thing: Thing, access: Access, later: Access) -> bool:
        again = thing.next(access.thread, later.position, None)
        return again is not None and again.position < self._end

    def _replaced_before(self, windows: Iterable[Window]) -> tuple[Access, Access] | None:
        """Return the assignment of a new value before a thread that was started before it has read the old one.

        None if there are several such things.
        """
        found = {
            thing: (access, later)
            for window in windows
            for thing in touched_in(self._things, window)
            for access, later in swapped(thing, *window)
            if access.assigns
            and not later.writes
            and later.position < self._end
            # The thread had not begun.
            and access.thread == window.thread[:-1]
            and self._windows.is_first(window)
            and self._was_written(access, window.switch)
            and self._involved.decides(thing, access)
        }
        return next(iter(found.values())) if len(found) == 1 else None

    def _was_written(self, access: Access, before: int) -> bool:
        """Whether what an access writes had been written before a step, also while there was only one thread."""
        written = {(key, part) for key, part, how in self._log[access.position][2] or () if how & WRITES}
        earlier = (touch for _, _, touches in self._log[:before] for touch in touches or ())
        return any((key, part) in written and how & WRITES for key, part, how in earlier)
