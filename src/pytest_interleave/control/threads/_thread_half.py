"""The half of a unit that is an OS thread."""

from __future__ import annotations

import threading
from _thread import LockType
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..steps._operations import Operation
    from ._carriers import Carrier


class ThreadHalf:
    """An OS thread that runs a unit: one of the interpreter's, or a carrier that is reused."""

    # Set once, here, unless they differ: there are thousands of units per second.
    target: Callable[[], object] | None = None
    thread: threading.Thread | None = None
    started: Operation | None = None
    caught: BaseException | None = None
    #: None if the thread is the interpreter's.
    carrier: Carrier | None = None

    def __init__(self, ident: int, native_id: int | None, gate: LockType) -> None:
        self.ident = ident
        self.native_id = native_id
        self.gate = gate

    def report(self, error: BaseException) -> None:
        """See `Half.report`."""
        if self.thread is not None:
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, self.thread)))
