"""The half of a unit that is an OS thread."""

from __future__ import annotations

import threading
from _thread import LockType
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..scope._real import new_gate

if TYPE_CHECKING:
    from ..steps._operations import Operation
    from ._carriers import Carrier


class ThreadHalf:
    """An OS thread that runs a unit: one of the interpreter's, or a carrier that is reused."""

    __slots__ = ("carrier", "caught", "gate", "ident", "native_id", "started", "target", "thread")

    def __init__(
        self,
        ident: int,
        native_id: int | None,
        *,
        gate: LockType | None = None,
        target: Callable[[], object] | None = None,
        thread: threading.Thread | None = None,
    ) -> None:
        self.gate = new_gate() if gate is None else gate
        self.ident = ident
        self.native_id = native_id
        self.target = target
        self.thread = thread
        self.started: Operation | None = None
        self.caught: BaseException | None = None
        #: None if the thread is the interpreter's.
        self.carrier: Carrier | None = None

    def run(self) -> object:
        """See `Half.run`."""
        assert self.target is not None
        return self.target()

    def report(self, error: BaseException) -> None:
        """See `Half.report`."""
        if self.thread is not None:
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, self.thread)))
