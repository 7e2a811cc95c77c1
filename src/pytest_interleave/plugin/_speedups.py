"""The fixture `measure_speedup`, and how what it has measured comes into the reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..resources import Speedup, measure
from ._gathering import will_report
from ._shards import nodeid_of
from ._stash import measured_key


class MeasureSpeedup:
    """Measures how much faster one way of doing something is than another; the fixture `measure_speedup`."""

    def __init__(self, item: pytest.Item, *, controlled: bool) -> None:
        self._item = item
        self._controlled = controlled

    def __call__(self, sequential: Callable[[], Any], parallel: Callable[[], Any], repeats: int = 5) -> Speedup:
        """Call each once to warm up, then both in turns, `repeats` times, and return how long they took.

        Time is real, and garbage is collected before each call. What either raises is passed on. Raises `RuntimeError`
        in a test under control, where time is virtual; `TypeError` or `ValueError` for what is no function, or no whole
        number above 0.
        """
        __tracebackhide__ = True
        if self._controlled:
            raise RuntimeError(
                f"{nodeid_of(self._item)}: measure_speedup cannot be used in a test under control, where time is "
                "virtual and one thread runs at a time: measure in a test without the marker"
            )
        speedup = measure(sequential, parallel, repeats, skip=pytest.skip)
        will_report(self._item)
        self._item.stash.setdefault(measured_key, []).append(_row(nodeid_of(self._item), speedup))
        return speedup


def _row(nodeid: str, speedup: Speedup) -> dict[str, Any]:
    return {
        "nodeid": nodeid,
        "ratio": round(speedup.ratio, 4),
        "spread": [round(ratio, 4) for ratio in speedup.spread],
        "sequential": speedup.sequential,
        "parallel": speedup.parallel,
        "cores": speedup.cores,
        "repeats": speedup.repeats,
        "_text": str(speedup),
    }
