"""The watchdog looks on, and leaves no trace."""

from __future__ import annotations

import os
import signal
import threading
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_interleave.control.threads._watchdog import Watchdog
from pytest_interleave.explore import NonPreemptive
from tests.driving import executions, require_good_end


class Thing:
    """What a function has while it runs."""


def test_a_look_keeps_nothing_alive() -> None:
    watchdog = Watchdog()
    watchdog.stop()
    half = SimpleNamespace(ident=threading.get_ident(), native_id=threading.get_native_id())
    unit = SimpleNamespace(half=half, outside=False)
    outside = SimpleNamespace(busy=False, is_over=lambda _: False)
    execution: Any = SimpleNamespace(running=unit, steps=0, outside=outside)

    def looked_at() -> weakref.ref[Thing]:
        thing = Thing()
        look = threading.Thread(target=watchdog._look, args=(execution,))
        look.start()
        look.join()
        return weakref.ref(thing)

    assert looked_at()() is None


@pytest.mark.skipif(not hasattr(signal, "sigtimedwait"), reason="no thread can wait for a signal there")
def test_a_signal_that_the_program_has_blocked_waits_for_it() -> None:
    # A thread of ours that took the signal would end this process.
    def body() -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        try:
            thread = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1))
            thread.start()
            thread.join()
            received = signal.sigtimedwait([signal.SIGUSR1], 10)
            assert received is not None
            assert received.si_signo == signal.SIGUSR1
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    for outcome in executions(body, NonPreemptive(), 3):
        require_good_end(outcome)
