"""The check whether threads outside wait in vain: for a lock that nothing in this process will release."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...interpreter._child_processes import has_children
from ...interpreter._task_files import all_wait_for_locks
from ..units import _current

if TYPE_CHECKING:
    from ..units._units import Unit

#: Real seconds between two checks.
_BETWEEN_LOOKS = 0.25


class InVain:
    """Whether the threads outside wait in vain, checked now and then, in the watchdog."""

    __slots__ = ("_next", "found")

    def __init__(self) -> None:
        #: Whether the last check has found that they do.
        self.found = False
        self._next = 0.0

    def begin(self) -> None:
        """Start over: the waits begin again."""
        self.found = False
        self._next = 0.0

    def check(self, waited: float, out: Iterable[Unit]) -> bool:
        """Return whether the threads `out` wait in vain, after `waited` seconds: all others wait for locks as well."""
        if waited >= self._next:
            self._next = waited + _BETWEEN_LOOKS
            self.found = not has_children() and all_wait_for_locks(except_for=_bystanders(out))
        return self.found


def _bystanders(out: Iterable[Unit]) -> set[int | None]:
    """Return the `native_id` of threads that do nothing for the test: the calling watchdog, and those of pytest."""
    of_pytest = {one.native_id for one in threading.enumerate() if one.ident in _current.infrastructure}
    return {threading.get_native_id(), *of_pytest} - {unit.half.native_id for unit in out}
