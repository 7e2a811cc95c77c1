"""The threads whose accesses are observed, and how a thread is left alone for a while."""

from __future__ import annotations

import sys
from typing import Any

from ._or_none import OrNone
from ._real import get_ident

#: What is scheduled, by the identifier of the OS thread that runs it. For any other thread it gives None.
observed: OrNone[int, Any] = OrNone()

_BY_TRACING = sys.version_info < (3, 12)


class _Unobserved:
    """See `unobserved`."""

    __slots__ = ("_ident", "_trace", "_unit")

    _trace: Any

    def __enter__(self) -> None:
        self._ident = get_ident()
        self._unit = observed.pop(self._ident, None)
        #: On 3.11, steps are seen by a trace function.
        self._trace = sys.gettrace() if self._unit is not None and _BY_TRACING else None
        if self._trace is not None:
            sys.settrace(None)

    def __exit__(self, *_: object) -> None:
        if self._trace is not None:
            # A tool that measures coverage counts calls and returns: it has seen the call of `__enter__`, but no
            # return, and is to see a return from here, whose call it has not seen.
            sys._getframe().f_trace = self._trace
            sys.settrace(self._trace)
        if self._unit is not None:
            observed[self._ident] = self._unit


def unobserved() -> _Unobserved:
    """While entered, what the calling thread does is no step: the standard library may be in scope itself."""
    return _Unobserved()
