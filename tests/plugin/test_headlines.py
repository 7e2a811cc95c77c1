"""The first lines of reports about objects of libraries, whose own code is not in scope."""

from __future__ import annotations

import pytest

LIBRARY = """
import threading


class Locked(dict):
    def __init__(self, **items):
        super().__init__(**items)
        self.lock = threading.RLock()

    def __contains__(self, key):
        with self.lock:
            return dict.__contains__(self, key)

    def __getitem__(self, key):
        with self.lock:
            return dict.__getitem__(self, key)

    def pop(self, key):
        with self.lock:
            return dict.pop(self, key)
"""


@pytest.fixture
def library(pytester):
    """A library with a mapping that locks each of its operations."""
    directory = pytester.mkdir("site-packages")
    (directory / "locking.py").write_text(LIBRARY)
    pytester.syspathinsert(directory)


def test_a_check_before_a_use_that_a_library_locks(run, library):
    done = run(
        """
import sys

import pytest

sys.path.insert(0, "site-packages")
import locking


@pytest.mark.concurrency(strategy="exhaustive")
def test_it(run_concurrent):
    table = locking.Locked(key=1)

    def use():
        if "key" in table:
            return table["key"]

    def drop():
        table.pop("key")

    run_concurrent.together(use, drop)
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        [
            "Check-then-act race on table['key']",
            '*1. worker-0 checks, found *if "key" in table:',
            '*2. worker-1 calls table.pop() on *table.pop("key")',
            "help: make check and act one atomic step: hold one lock from *",
        ]
    )
