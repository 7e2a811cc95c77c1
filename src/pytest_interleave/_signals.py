"""What signal handlers raise."""

from __future__ import annotations

import signal


def came_by_signal(error: BaseException | None) -> bool:
    """Whether a signal handler raised it, as pytest-timeout's does: it has nothing to do with the schedule."""
    if error is None:
        return False
    handlers = {getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()}
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code in handlers:
            return True
        traceback = traceback.tb_next
    return False
