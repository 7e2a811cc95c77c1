"""The inner condition of the standard library's primitives, only made where a real thread needs it."""

from __future__ import annotations

import _thread

from ._condition import RealCondition
from ._endable import slicing, wait_in_slices
from ._lock import RealLock

_making = _thread.allocate_lock()


class _EndableCondition(RealCondition):
    """A real condition, out of which a waiting thread can be ended."""

    def wait(self, timeout: float | None = None) -> bool:
        """See `threading.Condition.wait`."""
        return wait_in_slices(self, timeout) if slicing else super().wait(timeout)


class HasLazyCondition:
    """Gives `_cond`, as the standard library's own methods use it for threads that are not under control."""

    _made_cond: RealCondition | None = None

    @property
    def _cond(self) -> RealCondition:
        made = self._made_cond
        if made is None:
            with _making:
                made = self._made_cond
                if made is None:
                    made = self._made_cond = _EndableCondition(RealLock())
        return made

    @_cond.setter
    def _cond(self, condition: RealCondition) -> None:
        self._made_cond = condition

    def _wake_real_waiters(self) -> None:
        """A controlled thread has changed something that threads not under control may wait for."""
        made = self._made_cond
        if made is not None:
            with made:
                made.notify_all()
