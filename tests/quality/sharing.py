"""What the programs share: a box, and threads."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any


class Box:
    def __init__(self) -> None:
        self.value = 0


def in_threads(*functions: Callable[[], Any]) -> None:
    threads = [Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
