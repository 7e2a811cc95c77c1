"""Rows of figures, which go with the reports of a test to the process that shows them.

With pytest-xdist, that is another process: a row has nothing but what JSON can represent.
"""

from __future__ import annotations

from typing import Any

import pytest

Rows = list[dict[str, Any]]

#: By kind, the rows that a test has produced since its last report.
_rows_key = pytest.StashKey[dict[str, Rows]]()


def add_row(item: pytest.Item, kind: str, row: dict[str, Any]) -> None:
    """Add a row of a kind, such as "speedups", to the next report of the test."""
    item.stash.setdefault(_rows_key, {}).setdefault(kind, []).append(row)


def attach_rows(item: pytest.Item, report: pytest.TestReport) -> None:
    """Attach the rows to a report of the test that it has produced since its last report."""
    rows = item.stash.get(_rows_key, None)
    if rows:
        report.interleave_rows = rows  # type: ignore[attr-defined]
        del item.stash[_rows_key]
