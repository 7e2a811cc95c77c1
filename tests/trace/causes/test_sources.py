"""The source around a step: what a method is called on, and the statements that it is in."""

from __future__ import annotations

import pytest

from pytest_interleave.control import Place
from pytest_interleave.trace.causes._sources import (
    context_at,
    enters_context,
    in_loop_over,
    receiver_at,
    redirected_at,
    repeats_in_loop,
)

PROGRAM = """\
class Bank:
    def total(self):
        for account in self.accounts:
            self.add(account)
        with self.lock:
            self.jobs.put(self.other.put(1))
        with open("a") as file, self.lock:
            made().get()
        with redirect_stdout(file):
            print(file)
        with contextlib.redirect_stderr(file), lock:
            print(file)
        lock.acquire()
        while self.jobs[0].empty():
            pass
"""


@pytest.fixture
def at(tmp_path):
    """Returns the place of a line of the program."""
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    return lambda number: Place(str(file), number, "Bank.total")


def test_the_object_of_a_call(at):
    assert receiver_at(at(4), "add") == "self"
    assert receiver_at(at(14), "empty") == "self.jobs[0]"
    assert receiver_at(at(13), "acquire") == "lock"


@pytest.mark.parametrize(("number", "method"), [(6, "put"), (8, "get"), (4, "get"), (99, "put")])
def test_an_object_that_is_not_known(at, number, method):
    """There are two calls, the object has no name, or nothing like that is there."""
    assert receiver_at(at(number), method) == ""


def test_loops(at):
    assert in_loop_over(at(3), at(4))
    assert not in_loop_over(at(3), at(6))
    assert not in_loop_over(at(14), at(15))
    assert [number for number in range(1, 16) if repeats_in_loop(at(number))] == [4]


def test_contexts(at):
    assert context_at(at(5)) == "Bank.lock"
    assert context_at(at(13)) == "lock"
    assert context_at(at(7)) == ""
    assert [number for number in range(1, 16) if enters_context(at(number))] == [5, 7, 9, 11]


def test_streams_that_are_redirected(at):
    found = {number: redirected_at(at(number)) for number in range(1, 16)}
    assert {number: name for number, name in found.items() if name} == {
        9: "sys.stdout",
        10: "sys.stdout",
        11: "sys.stderr",
        12: "sys.stderr",
    }


def test_without_the_source_nothing_is_known(tmp_path):
    nowhere = Place(str(tmp_path / "nowhere.py"), 1, "f")
    assert (receiver_at(nowhere, "get"), context_at(nowhere), redirected_at(nowhere)) == ("", "", "")
    assert not in_loop_over(nowhere, nowhere)
