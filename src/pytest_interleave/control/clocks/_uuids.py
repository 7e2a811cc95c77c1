"""The virtual time in version 1 UUIDs of controlled threads; the C library would put the real time there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..execution.units import _current

#: The time from the epoch of these UUIDs to that of `time.time()`, in units of 100 ns.
_EPOCH = 0x01B21DD213814000


def makers_of(uuid: ModuleType) -> list[tuple[str, Any]]:
    """Return the names in the module `uuid` that are to be replaced, with their replacements."""
    name = "_generate_time_safe"
    real = vars(uuid).get(name)
    return [] if real is None else [(name, _generating(real))]


def _generating(real: Callable[[], tuple[bytes, Any]]) -> Callable[[], tuple[bytes, Any]]:
    def generate() -> tuple[bytes, Any]:
        made, safe = real()
        unit = _current.current_unit()
        if unit is None:
            return made, safe
        unit.execution.timers.read_clock(unit, sys._getframe(1))
        units = unit.execution.clock.time_ns() // 100 + _EPOCH
        low, middle, high = units & 0xFFFFFFFF, units >> 32 & 0xFFFF, units >> 48 & 0x0FFF | 0x1000
        return low.to_bytes(4, "big") + middle.to_bytes(2, "big") + high.to_bytes(2, "big") + made[8:], safe

    return generate
