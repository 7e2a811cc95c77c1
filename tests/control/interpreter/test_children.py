"""Whether a process that the test has started may do something that its threads wait for."""

from __future__ import annotations

import subprocess
import sys
from multiprocessing import resource_tracker
from pathlib import Path

import pytest

from pytest_interleave.control.interpreter._child_processes import has_children

pytestmark = pytest.mark.skipif(
    not any(Path("/proc/self/task").glob("*/children")), reason="the operating system does not tell"
)


@pytest.fixture(autouse=True)
def _alone() -> None:
    if has_children():
        pytest.skip("this process has children already")


def test_a_process_counts_until_it_has_been_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert has_children()
        process.communicate(b"\n")
    assert not has_children()


def test_the_resource_tracker_of_multiprocessing_does_not_count() -> None:
    resource_tracker.ensure_running()
    assert not has_children()
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert has_children()
        process.communicate(b"\n")
    assert not has_children()
