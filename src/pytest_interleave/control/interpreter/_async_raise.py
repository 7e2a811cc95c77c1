"""Raising an exception in another thread, wherever it is, and taking that back."""

from __future__ import annotations

import ctypes
import sys

from ..scope import _real

_set_async_exc = ctypes.pythonapi.PyThreadState_SetAsyncExc


def raise_in(ident: int, kind: type[BaseException]) -> None:
    """Raise `kind` in the thread `ident` as soon as it runs Python code; where it blocks, that may be never."""
    _set_async_exc(ctypes.c_ulong(ident), ctypes.py_object(kind))


def take_back(ident: int) -> None:
    """Do not raise in another thread what it has not come to yet."""
    _set_async_exc(ctypes.c_ulong(ident), None)
    settle()


def settle() -> None:
    """Make the interpreter forget exceptions that never arrived. The calling thread must not be traced.

    While one is under way to any thread, 3.11 makes every thread look for it at each call, and a thread that is
    traced does so for ever. Only an exception that arrives ends that.
    """
    if sys.version_info < (3, 12):
        try:
            raise_in(_real.get_ident(), _Arrived)
            while True:
                pass
        except _Arrived:
            pass


class _Arrived(BaseException):
    """Raised in the calling thread itself."""
