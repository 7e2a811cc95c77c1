"""The watchdog looks on, and leaves no trace."""

from __future__ import annotations

import threading
import weakref
from types import SimpleNamespace
from typing import Any

from pytest_interleave.control.threads._watchdog import Watchdog


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
