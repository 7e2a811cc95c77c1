"""Exceptions of operations, grouped by their type and by the line that raised them."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from types import CodeType, TracebackType
from typing import Any, NamedTuple

from ..control import is_ours, real_lock, short_path, without_ours

#: At most this many groups have an exception of their own; all further exceptions are counted together.
_GROUPS = 50
#: At most this many characters of a message are kept; the rest is cut off.
_MESSAGE = 1_000

Key = tuple[type[BaseException] | None, str, int]
#: The key of all exceptions that do not fit into the groups.
_OTHERS: Key = (None, "", 0)


@dataclass(frozen=True)
class ErrorGroup:
    """Exceptions of one type that one line raised."""

    #: The name of the type, with its module if it is not built in; "others" for all that go beyond 50 groups.
    type: str
    #: The message of the first one.
    message: str
    #: The innermost line, where they were raised.
    file: str
    line: int
    count: int
    #: The number of threads that raised them.
    threads: int
    #: The name of the thread that raised the first one.
    thread: str
    #: The traceback of the first one, as Python shows it.
    traceback: str
    #: The first one; None for "others".
    exception: BaseException | None
    #: Whether `setup`, or another preparation of the thread, raised them, and no operation.
    in_setup: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the group as plain data."""
        data = {**vars(self), "file": short_path(self.file) if self.file else ""}
        del data["exception"]
        return data

    @property
    def where(self) -> str:
        """The place for messages: `file:line`."""
        return f"{short_path(self.file)}:{self.line}" if self.file else "other places"


class _First(NamedTuple):
    error: BaseException
    traceback: TracebackType | None
    thread: str
    in_setup: bool


class Firsts:
    """The first exception of each group, of any thread."""

    def __init__(self) -> None:
        self._known: dict[Key, _First] = {}
        self._lock = real_lock()

    def note(self, error: BaseException, boundary: CodeType, thread: str, *, in_setup: bool = False) -> Key:
        """Return the group of an exception, and keep the exception if it is the first one there.

        `boundary` is the code that called the operation: the traceback begins there.
        """
        own = _cut(error, boundary)
        key = _key_of(error, own)
        if key in self._known:
            return key
        with self._lock:
            if key in self._known:
                return key
            if len(self._known) >= _GROUPS:
                return _OTHERS
            self._known[key] = _First(error, without_ours(own), thread, in_setup)
        return key

    def groups(self, counts: list[dict[Key, int]]) -> list[ErrorGroup]:
        """Return all groups, the largest first; `counts` are those of each thread."""
        found = []
        for key in {key: None for of_thread in counts for key in of_thread}:
            count = sum(of_thread.get(key, 0) for of_thread in counts)
            threads = sum(key in of_thread for of_thread in counts)
            first = self._known.get(key)
            if first is None:
                found.append(ErrorGroup("others", "", "", 0, count, threads, "", "", None))
                continue
            error = first.error.with_traceback(first.traceback)
            _, file, line = key
            found.append(
                ErrorGroup(
                    _type_name(type(error)),
                    _message(error),
                    file,
                    line,
                    count,
                    threads,
                    first.thread,
                    traceback_text(error),
                    error,
                    first.in_setup,
                )
            )
        return sorted(found, key=lambda group: (group.exception is None, -group.count))


def text_of(error: BaseException) -> str:
    """Return type and message of an exception in one line."""
    message = _message(error)
    name = _type_name(type(error))
    return f"{name}: {message}" if message else name


def traceback_text(error: BaseException) -> str:
    """Return the traceback of an exception as Python shows it."""
    try:
        return "".join(traceback.format_exception(error)).rstrip()
    except Exception as wrong:
        return f"{type(error).__name__}: <traceback not available: {type(wrong).__name__}>"


def _cut(error: BaseException, boundary: CodeType) -> TracebackType | None:
    """Return the traceback of an exception, from the last time that it was raised.

    An object that is raised repeatedly has all its tracebacks, one before the other, and more each time.
    """
    first = error.__traceback__
    entry = first
    while entry is not None:
        following = entry.tb_next
        if following is not None and following.tb_frame.f_code is boundary:
            entry.tb_next = None
            break
        entry = following
    return first


def _key_of(error: BaseException, traceback: TracebackType | None) -> Key:
    place = hidden = ("", 0)
    while traceback is not None:
        frame = traceback.tb_frame
        filename = frame.f_code.co_filename
        if not is_ours(filename):
            if "__tracebackhide__" in frame.f_code.co_varnames or "__unittest" in frame.f_globals:
                # The frame is a helper of a test framework: its caller is what matters.
                hidden = filename, traceback.tb_lineno
            else:
                place = filename, traceback.tb_lineno
        traceback = traceback.tb_next
    return type(error), *(place if place[0] else hidden)


def _type_name(kind: type[BaseException]) -> str:
    module = kind.__module__
    # The name that people use, also if a library says that its exceptions are built in.
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception as wrong:
        message = f"<no message: __str__ raised {type(wrong).__name__}>"
    return message if len(message) <= _MESSAGE else f"{message[:_MESSAGE]}…"
