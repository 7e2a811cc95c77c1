"""Raising an exception in another thread, wherever it is, and taking that back."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ..scope import _real
from ._missing import missing_for_control


def _raising() -> Callable[[int, type[BaseException] | None], object] | None:
    """Return a function that raises an exception in a thread, or None if this interpreter has no such function.

    With None as the exception, the function takes back one that has not arrived yet.
    """
    if missing_for_control() is not None:
        return None
    import ctypes

    raise_async = ctypes.pythonapi.PyThreadState_SetAsyncExc
    return lambda ident, kind: raise_async(ctypes.c_ulong(ident), None if kind is None else ctypes.py_object(kind))


_raise = _raising()


def raise_in(ident: int, kind: type[BaseException]) -> None:
    """Raise `kind` in the thread `ident` as soon as it runs Python code; while it blocks, that may be never.

    Does nothing if the interpreter cannot do that.
    """
    if _raise is not None:
        _raise(ident, kind)


def take_back(ident: int) -> None:
    """Take back an exception that the thread `ident` has not received yet."""
    if _raise is not None:
        _raise(ident, None)
        settle()


def arrive() -> None:
    """Let an exception arrive that waits for the calling thread: it is raised at a call, such as this one."""


def settle() -> None:
    """Make the interpreter forget exceptions that never arrived. The calling thread must not be traced.

    While an exception is pending for any thread, 3.11 makes every thread check for it at each call, and a traced thread
    does so for ever. Only an exception that arrives ends that.
    """
    if sys.version_info < (3, 12):
        try:
            raise_in(_real.get_ident(), _Arrived)
            while True:
                pass
        except _Arrived:
            pass


class _Arrived(BaseException):
    """The exception that `settle` raises in its own thread."""
