"""Real seconds for primitives, which are imported in every run of pytest."""

from __future__ import annotations


def real_monotonic() -> float:
    """`time.monotonic()`, whatever is in its place, and whichever thread calls."""
    # Not before it is needed: it imports `ctypes`.
    from ._real_clocks import REAL

    return REAL["monotonic"]()
