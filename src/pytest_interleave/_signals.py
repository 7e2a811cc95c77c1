"""The exceptions that signal handlers raise."""

from __future__ import annotations

import signal
from types import CodeType
from typing import Any


def came_by_signal(error: BaseException | None) -> bool:
    """Whether a signal handler raised `error`, as pytest-timeout's does: the schedule has nothing to do with it."""
    if error is None:
        return False
    handlers = {_code_of(signal.getsignal(number)) for number in signal.valid_signals()}
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code in handlers:
            return True
        traceback = traceback.tb_next
    return False


def _code_of(handler: Any) -> CodeType | None:
    # While a test runs under control, one of our functions stands in front of it.
    handler = getattr(handler, "__wrapped__", handler)
    code: CodeType | None = getattr(handler, "__code__", None)
    return code
