"""Shows one of the exceptions of many threads that are alike: of the same type, from the same places."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

_RAISED_IN = "raised in "
#: A group of this many exceptions, or fewer, is shown as it is.
_FEW = 4
#: At most this many exceptions that differ only in their messages are shown.
_MESSAGES = 2
#: At most this many threads are named.
_THREADS = 4


def one_of_each(error: BaseException) -> BaseException:
    """Return a group of threads' exceptions with one of those that are alike, which says how many others there are.

    Any other exception is returned as it is. If all are alike, that one exception is returned.
    """
    if not issubclass(type(error), BaseExceptionGroup):
        return error
    group: Any = error
    if len(group.exceptions) <= _FEW:
        return error
    alike: dict[object, list[BaseException]] = {}
    for each in group.exceptions:
        alike.setdefault(_kind(each), []).append(each)
    shown = [one for several in alike.values() for one in _shown(several)]
    if len(shown) == len(group.exceptions):
        return error
    if len(shown) == 1:
        if group.message not in getattr(shown[0], "__notes__", ()):
            shown[0].add_note(group.message)
        return shown[0]
    fewer: BaseExceptionGroup[Any] = BaseExceptionGroup(group.message, shown)
    fewer.__cause__, fewer.__context__ = group.__cause__, group.__context__
    fewer.__suppress_context__ = group.__suppress_context__
    for note in getattr(group, "__notes__", ()):
        fewer.add_note(note)
    return fewer.with_traceback(group.__traceback__)


def _shown(alike: Sequence[BaseException]) -> list[BaseException]:
    """Return the exceptions to show of some that differ at most in their messages, with notes on the others."""
    by_message: dict[str, list[BaseException]] = {}
    for each in alike:
        by_message.setdefault(_text(each), []).append(each)
    kept = list(by_message.values())[:_MESSAGES]
    for same in kept:
        if len(same) > 1 and not _has_note(same[0], "and "):
            same[0].add_note(f"and {len(same) - 1} more like this: {_names(same[1:])}")
    rest = [each for same in list(by_message.values())[_MESSAGES:] for each in same]
    if rest and not _has_note(kept[-1][0], "and, "):
        kept[-1][0].add_note(f"and, with other messages, {len(rest)} more: {_names(rest)}")
    return [same[0] for same in kept]


def _kind(error: BaseException) -> object:
    """Return a value that is equal for exceptions of threads that are alike; groups never are."""
    if not _threads(error) or issubclass(type(error), BaseExceptionGroup):
        return id(error)
    return _raised(error)


def _raised(error: BaseException) -> object:
    """Return the type of an exception, and where it was raised."""
    places = tuple((frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__))
    causes = tuple(type(each) for each in (error.__cause__, error.__context__) if each is not None)
    return type(error), places, causes


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _threads(error: BaseException) -> list[str]:
    """Return the threads that have raised an exception, as its notes name them."""
    notes = getattr(error, "__notes__", ())
    return [note.removeprefix(_RAISED_IN) for note in notes if type(note) is str and note.startswith(_RAISED_IN)][:1]


def _names(errors: Sequence[BaseException]) -> str:
    """Return the names of the threads that have raised exceptions, as many as are shown."""
    threads = list(dict.fromkeys(thread for each in errors for thread in _threads(each)))
    return ", ".join((*threads[:_THREADS], "…") if len(threads) > _THREADS else threads)


def _has_note(error: BaseException, start: str) -> bool:
    """Whether an exception has a note on others, because it was reported before."""
    return any(type(note) is str and note.startswith(start) for note in getattr(error, "__notes__", ()))
