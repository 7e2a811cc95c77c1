"""The real monotonic clock for primitives, which are imported in every run of pytest."""

from __future__ import annotations


def real_monotonic() -> float:
    """Return what the real `time.monotonic()` returns, whatever replaces it and whichever thread calls."""
    # Imported only when it is needed, because it imports `ctypes`.
    from ._real_clocks import REAL

    return REAL["monotonic"]()
