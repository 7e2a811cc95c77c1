"""What every program does with its threads."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread


def run(*bodies: Callable[[], None]) -> None:
    """Start a thread for each, in their order, then wait for all of them."""
    threads = [Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
