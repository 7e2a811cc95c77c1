"""What the code does not say: exhaustive search must not take it for nothing, and so call too little everything."""

from __future__ import annotations

from pathlib import Path

from pytest_interleave.control.interpreter._affinity import has_gil

from .sessions import rows_of

SOURCE = Path(__file__).with_name("hidden_programs.py")


def test_every_order_that_matters_is_run(tmp_path):
    rows = rows_of(SOURCE, tmp_path / "report.json", "--tb=line")
    assert len(rows) == 181
    assert {name for name, row in rows.items() if row["outcome"] != "failed"} == set()
    # Locks and queues of their own give pools and queues more schedules; `start` counts as that of a thread, so a patch
    # that is started is seen only when it is stopped. Without a GIL a loop has one class more.
    slower = ("pools", "queue", "overlap[start]", "overlap[callback]")
    most = 5 if has_gil() else 6
    found_at = {name: row["found_at"] for name, row in rows.items() if not any(part in name for part in slower)}
    assert max(found_at.values()) <= most
