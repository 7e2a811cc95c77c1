"""Failures that depend on an order of threads which no step shows: at the clock, and of the numbers in names."""

from __future__ import annotations

import re

import pytest

TESTS = """
import datetime
import pathlib
import threading
import time
import uuid

import pytest


def numbered():
    return int(threading.Thread(target=print).name.split("-")[1].split()[0])


READINGS = [time.monotonic, time.time_ns, datetime.datetime.now, lambda: uuid.uuid1().time, numbered]
NAMES = ["monotonic", "time_ns", "now", "uuid1", "numbered"]


@pytest.mark.concurrency
@pytest.mark.parametrize("read", READINGS, ids=NAMES)
def test_order(run_concurrent, read):
    first, second = run_concurrent(read, workers=2)
    assert first < second


@pytest.mark.concurrency
def test_state(run_concurrent):
    # Each thread reads the clock, in any order: that is not the reason.
    path = pathlib.Path("runs.txt")
    run_concurrent(time.monotonic, workers=2)
    runs = int(path.read_text()) if path.exists() else 0
    path.write_text(str(runs + 1))
    assert runs < 20
"""
HINT = "A schedule with the same order of accesses passed earlier, but there, the threads {} in another order."


@pytest.mark.parametrize("name", ["monotonic", "time_ns", "now", "uuid1", "numbered"])
def test_order_that_no_step_shows(run, name):
    done = run(TESTS, "-k", f"test_order and {name}")
    printed = re.sub(r"\s+", " ", done.text)
    done.result.assert_outcomes(failed=1, deselected=5)
    what = "got the numbers in their names" if name == "numbered" else "read the clock"
    assert HINT.format(what) in printed
    assert "cannot see" not in printed


def test_same_order(run):
    done = run(TESTS, "-k", "test_state")
    printed = re.sub(r"\s+", " ", done.text)
    assert "in another order" not in printed
