"""Which CPU controlled threads are pinned to."""

from __future__ import annotations

import os

import pytest

from pytest_interleave.control.interpreter import _affinity
from pytest_interleave.control.interpreter._affinity import choose_cpu, has_gil

pytestmark = [
    pytest.mark.skipif(not has_gil(), reason="without a GIL nothing is pinned"),
    pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="threads cannot be pinned there"),
]


@pytest.fixture(autouse=True)
def _three_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 4, 7})
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


def test_workers_of_xdist_take_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    for number in range(4):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{number}")
        chosen.append(choose_cpu())
    assert chosen == [2, 4, 7, 2]


@pytest.mark.parametrize(("here", "chosen"), [(4, {4}), (3, {2, 4, 7}), (None, {2, 4, 7})])
def test_other_processes_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch, here: int | None, chosen: set[int]
) -> None:
    monkeypatch.setattr(_affinity, "_cpu_here", lambda: here)
    assert choose_cpu() in chosen


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="only Linux tells that")
def test_where_a_thread_is_pinned_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    before = os.sched_getaffinity(0)
    try:
        for cpu in before:
            os.sched_setaffinity(0, {cpu})
            assert _affinity._cpu_here() == cpu
    finally:
        os.sched_setaffinity(0, before)
