"""A check whether code that is not under control starts threads."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..scope import _real


class ThreadStarts:
    """A context manager that notes whether the calling thread starts others.

    `counts` decides by the frame that starts one. Threads that end at once count, too. For use when the threads'
    methods may not be replaced yet.
    """

    def __init__(self, counts: Callable[[FrameType], bool]) -> None:
        self.seen = False
        self._counts = counts
        self._ident = 0
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> ThreadStarts:
        self._ident = _real.get_ident()
        self._watch(threading.Thread, "start")
        self._watch(_thread, "start_new_thread")
        return self

    def __exit__(self, *exception: object) -> None:
        while self._undo:
            self._undo.pop()()

    def _watch(self, owner: Any, name: str) -> None:
        before = getattr(owner, name)

        def start(*args: Any, **kwargs: Any) -> Any:
            if _real.get_ident() == self._ident and not self.seen:
                self.seen = self._counts(sys._getframe(1))
            return before(*args, **kwargs)

        def put_back() -> None:
            if getattr(owner, name) is start:
                setattr(owner, name, before)

        setattr(owner, name, start)
        self._undo.append(put_back)
