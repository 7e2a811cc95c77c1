"""Functions of libraries that replace or delete their arguments: these are on no stack then, and may be gone."""

from __future__ import annotations

import pytest

LIBRARY = """
import bisect
import collections

def compared(first):
    del first
    filled = [bytes(64) for _ in range(1000)]
    return collections.Counter("a") == collections.Counter("a")

def looked_up(first):
    first = None
    filled = [bytes(64) for _ in range(1000)]
    table = collections.UserDict(a=1)
    table["a"] = 2
    return table["a"]

class Shelf:
    def __init__(self):
        self.items = []

    def put(self, item):
        item = item.copy()
        bisect.insort(self.items, item)
"""

TESTS = """
import sys
import unittest
sys.path.insert(0, "site-packages")
import shelves

class Big:
    def __init__(self):
        self.items = [1] * 1000

@pytest.mark.concurrency
class CountTest(unittest.TestCase):
    def test_items(self):
        self.assertCountEqual([1], [1])

@pytest.mark.concurrency
@pytest.mark.parametrize("function", [shelves.compared, shelves.looked_up])
def test_arguments(run_concurrent, function):
    run_concurrent(lambda: function(Big()), workers=2)
"""

INSERTED = """
import sys
sys.path.insert(0, "site-packages")
import shelves

class Number:
    def __init__(self, value):
        self.value = value

    def copy(self):
        return Number(self.value)

    def __lt__(self, other):
        return self.value < other.value

@pytest.mark.concurrency
def test_it(run_concurrent):
    shelf = shelves.Shelf()
    for value in (2, 4):
        shelf.put(Number(value))
    run_concurrent.each(lambda value: shelf.put(Number(value)), (3, 5))
    assert [item.value for item in shelf.items] == [2, 3, 4, 5]
"""


@pytest.fixture(autouse=True)
def library(pytester):
    directory = pytester.mkdir("site-packages")
    (directory / "shelves.py").write_text(LIBRARY)


def test_arguments_that_are_gone_are_not_inspected(run):
    run(TESTS).result.assert_outcomes(passed=3)


def test_what_such_a_function_works_on_is_shared(run):
    done = run(INSERTED)
    done.result.assert_outcomes(failed=1)
    assert "Concurrent modification of " in done.text


FREED = """
import csv

class Source:
    alive = 0

    def __init__(self):
        self.left = 3
        Source.alive += 1

    def __iter__(self):
        return self

    def __next__(self):
        self.left -= 1
        if self.left < 0:
            raise StopIteration
        return self.left

    def __del__(self):
        Source.alive -= 1

@pytest.fixture
def path(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\\nc,d\\n")
    return tmp_path / "data.csv"

@pytest.mark.concurrency(schedules=5)
@pytest.mark.parametrize("wrap", [csv.reader, enumerate, zip, lambda lines: map(str, lines), iter])
def test_files(path, run_concurrent, wrap):
    run_concurrent(lambda: list(wrap(open(path))), workers=2)
    assert len(list(wrap(open(path)))) == 2

@pytest.mark.concurrency(schedules=5)
@pytest.mark.parametrize("wrap", [enumerate, zip, lambda numbers: map(str, numbers), iter])
def test_objects(run_concurrent, wrap):
    run_concurrent(lambda: list(wrap(Source())), workers=2)
    assert len(list(wrap(Source()))) == 3
"""


def test_arguments_that_are_freed_at_the_end_of_the_call(pytester: pytest.Pytester) -> None:
    """Their `__del__`, and the flush of a file, are run when the arguments on the stack have no references left."""
    pytester.makepyfile(test_it="import pytest\n" + FREED)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore")
    result.assert_outcomes(passed=9)
