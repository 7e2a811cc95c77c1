"""The inner condition of the standard library's primitives, made only if a real thread needs it."""

from __future__ import annotations

from ..scope._real import real_lock
from ._condition import RealCondition
from ._endable import slicing, wait_in_slices
from ._lock import RealLock

_making = real_lock()


class _EndableCondition(RealCondition):
    """A real condition in which a waiting thread can be ended."""

    def wait(self, timeout: float | None = None) -> bool:
        """See `threading.Condition.wait`."""
        return wait_in_slices(self, timeout) if slicing else super().wait(timeout)


class HasLazyCondition:
    """A base class with `_cond`, which the standard library's methods use for threads that are not controlled."""

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
        """Wake threads without control that may wait for what a controlled thread has changed."""
        made = self._made_cond
        if made is not None:
            with made:
                made.notify_all()
