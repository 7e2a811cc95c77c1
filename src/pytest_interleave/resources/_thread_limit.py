"""A limit on the threads that Python knows of, with the same error as the interpreter's."""

from __future__ import annotations

import _thread
import contextlib
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..control import current_unit, real_lock
from ..control.interpreter import missing_for_control

if missing_for_control() is None:
    from ..control.threads import start_checks
    from ..control.threads import start_new_thread as start_controlled
else:
    start_checks = []

    def start_controlled(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any = None) -> int:
        """Raise `NotImplementedError`: on this interpreter, no thread is under control."""
        raise NotImplementedError


#: The limits that are in force now: the lowest one counts.
_limits: dict[object, int] = {}
#: Held while limits are put in place or taken away.
_changing = real_lock()
#: Threads that were let through, until `threading` counts them; and those that were started without it.
_let_through: set[threading.Thread] = set()
_raw: set[object] = set()
#: By module and function, the replacement; and by replacement, the function.
_ours_of: dict[tuple[ModuleType, Any], Any] = {}
_real_of: dict[Any, Any] = {}

#: The functions that start threads, with the modules that have them.
_STARTERS = (
    (threading, "_start_new_thread"),
    (threading, "_start_joinable_thread"),
    (_thread, "start_new_thread"),
    (_thread, "start_new"),
    (_thread, "start_joinable_thread"),
)


def threads_alive() -> int:
    """Return the number of threads that `threading` counts, and those started without it; only those of the program."""
    known: Any = threading
    with known._active_limbo_lock:
        return _count()


def limit_threads(most: int, undo: contextlib.ExitStack) -> None:
    """Let at most `most` threads live at a time; `undo` takes that back.

    Raises `ValueError` if more live now.
    """
    __tracebackhide__ = True
    token = object()
    # This is first, so that it is taken back however this ends, by Ctrl-C for example.
    undo.callback(_release, token)
    with _changing:
        alive = threads_alive()
        if most < alive:
            raise ValueError(f"threads={most}: {alive} threads are already alive. Use {alive} or more")
        _limits[token] = most
        if len(_limits) == 1:
            _replace()


def _release(token: object) -> None:
    with _changing:
        if _limits.pop(token, None) is not None and not _limits:
            _put_back()
            start_checks.clear()
            _let_through.clear()
            _raw.clear()


def settle_starters() -> None:
    """Put back the functions that start threads, if no limit is in force.

    If a limit was released under control, control has put back the replacements that it had found.
    """
    with _changing:
        if not _limits:
            _put_back()


def _put_back() -> None:
    for module, name in _STARTERS:
        present = getattr(module, name, None)
        if present in _real_of:
            setattr(module, name, _real_of[present])


def _replace() -> None:
    for module, name in _STARTERS:
        present = getattr(module, name, None)
        # The function of a test under control asks the check. One of ours may have been put back by other code.
        if present is not None and present is not start_controlled and present not in _real_of:
            ours = _ours_of.get((module, present))
            if ours is None:
                ours = _limited(present) if module is _thread else _limited_thread(present)
                _ours_of[module, present] = ours
                _real_of[ours] = present
            setattr(module, name, ours)
    start_checks.append(_check_controlled)


def _limited_thread(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a replacement for the function that `Thread.start` calls with the thread's own method."""

    def start(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        thread = getattr(function, "__self__", None)
        if _limits and isinstance(thread, threading.Thread):
            _admit(thread, None)
        return real(function, *args, **kwargs)

    return start


def _limited(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a replacement for a function that starts a thread that `threading` knows nothing of."""

    def start(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not _limits or not callable(function):
            return real(function, *args, **kwargs)
        raw = object()
        _admit(None, raw)

        def counted(*given: Any, **named: Any) -> Any:
            try:
                return function(*given, **named)
            finally:
                _raw.discard(raw)

        try:
            return real(counted, *args, **kwargs)
        except BaseException:
            _raw.discard(raw)
            raise

    start.__name__ = real.__name__
    start.__doc__ = real.__doc__
    return start


def _admit(thread: threading.Thread | None, raw: object) -> None:
    known: Any = threading
    with known._active_limbo_lock:
        if _limits and _count() >= min(_limits.values()):
            raise RuntimeError("can't start new thread")
        if thread is None:
            _raw.add(raw)
        else:
            _let_through.add(thread)


def _count() -> int:
    known: Any = threading
    unit = current_unit()
    if unit is not None:
        controlled = {other.half.ident for other in unit.execution.units if not other.done}
        return len(controlled | set(known._active))
    # A thread that is about to start is in limbo; so is one that has come here at the same time and may not start.
    starting = {thread for thread in _let_through if thread in known._limbo}
    _let_through.intersection_update(starting)
    return len(known._active) + len(starting) + len(_raw)


def _check_controlled() -> None:
    """Raise `RuntimeError` if a thread under control is about to start one thread too many."""
    if _limits and threads_alive() >= min(_limits.values()):
        raise RuntimeError("can't start new thread")
