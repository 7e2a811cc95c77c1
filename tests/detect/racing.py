"""Runs threads under control and looks for races between them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from pytest_interleave.control import current_unit
from pytest_interleave.detect import Race, Watchlist
from pytest_interleave.detect.races._races import races_of
from pytest_interleave.explore import RandomWalk

from ..driving import executions


def told_between(make: Callable[[], Iterable[Callable[[], Any]]], watchlist: Watchlist | None = None) -> list[Race]:
    """The races between threads that run the functions that `make` gives, in 20 schedules."""
    found: list[Race] = []

    def body() -> None:
        looked_at = Watchlist(everything=True) if watchlist is None else watchlist
        # They keep alive what they share.
        functions = list(make())
        threads = [threading.Thread(target=function) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log = current_unit().log  # type: ignore[union-attr]
        found.extend(races_of(looked_at.suspects(log), log))

    for outcome in executions(body, RandomWalk(3), 20):
        assert outcome.exception is None, outcome.exception
        assert outcome.failures == []
    return found


def races_between(make: Callable[[], Iterable[Callable[[], Any]]], watchlist: Watchlist | None = None) -> set[str]:
    """What those races are on."""
    return {race.what for race in told_between(make, watchlist)}
