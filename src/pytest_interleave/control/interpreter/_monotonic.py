"""The real monotonic clock for primitives, which are imported in every run of pytest."""

from __future__ import annotations


def real_monotonic() -> float:
    """Return the value of the real `time.monotonic()` in any thread, also while another function is in its place."""
    # Imported only when it is needed, because it imports `ctypes`.
    from ._real_clocks import REAL

    return REAL["monotonic"]()
