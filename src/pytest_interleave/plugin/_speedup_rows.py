"""How measured speed-ups travel: with a test's reports, to the process that shows them."""

from __future__ import annotations

import pytest

from ._stash import measured_key


def hand_on(item: pytest.Item, report: pytest.TestReport) -> None:
    """With this report goes what was measured since the last one."""
    measured = item.stash.get(measured_key, None)
    if measured:
        report.interleave_speedups = measured  # type: ignore[attr-defined]
        del item.stash[measured_key]
