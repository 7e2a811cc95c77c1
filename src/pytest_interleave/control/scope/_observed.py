"""The threads whose accesses are observed, and a way to leave the calling thread unobserved for a while."""

from __future__ import annotations

import sys
from typing import Any

from ._or_none import OrNone
from ._real import get_ident

#: The unit that each OS thread runs, by the identifier of the thread. None for a thread that runs no unit.
observed: OrNone[int, Any] = OrNone()

_BY_TRACING = sys.version_info < (3, 12)


class _Unobserved:
    """The context manager that `unobserved` returns."""

    __slots__ = ("_ident", "_trace", "_unit")

    _trace: Any

    def __enter__(self) -> None:
        self._ident = get_ident()
        self._unit = observed.pop(self._ident, None)
        #: On 3.11, a trace function observes the steps.
        self._trace = sys.gettrace() if self._unit is not None and _BY_TRACING else None
        if self._trace is not None:
            sys.settrace(None)

    def __exit__(self, *_: object) -> None:
        if self._trace is not None:
            # A tool that measures coverage counts calls and returns: it saw the call of `__enter__`, but no return. It
            # must see a return from here, whose call it did not see.
            sys._getframe().f_trace = self._trace
            sys.settrace(self._trace)
        if self._unit is not None:
            observed[self._ident] = self._unit


def unobserved() -> _Unobserved:
    """Return a context manager in which nothing that the calling thread does is a step.

    It is for this package's own calls of the standard library, which may be in scope itself.
    """
    return _Unobserved()
