"""Exceptions in groups."""

from __future__ import annotations

import sys

import pytest

from pytest_interleave.stress._errors import Firsts


def note(firsts, function, thread="stress-0"):
    try:
        function()
    except BaseException as error:
        return firsts.note(error, sys._getframe().f_code, thread)
    raise AssertionError("nothing was raised")


def divide():
    return 1 / 0


def refuse():
    raise ValueError("no")


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("cannot")


def test_by_type_and_line():
    firsts = Firsts()
    keys = [note(firsts, divide), note(firsts, lambda: divide()), note(firsts, refuse, "stress-1")]
    assert keys[0] == keys[1] != keys[2]
    groups = firsts.groups([{keys[0]: 3}, {keys[0]: 2, keys[2]: 1}])
    assert [(group.type, group.count, group.threads) for group in groups] == [
        ("ZeroDivisionError", 5, 2),
        ("ValueError", 1, 1),
    ]
    first, second = groups
    assert first.file == __file__
    assert first.line == divide.__code__.co_firstlineno + 1
    assert first.traceback.startswith("Traceback (most recent call last):")
    assert "in divide" in first.traceback
    assert isinstance(first.exception, ZeroDivisionError)
    assert (second.thread, second.message) == ("stress-1", "no")
    assert "exception" not in first.as_json()
    assert first.where.endswith(f"test_errors.py:{first.line}")


def test_many_groups_are_bounded():
    firsts = Firsts()
    kinds = [type(f"Error{number}", (Exception,), {}) for number in range(70)]
    counts = {}
    for kind in kinds:

        def fail(kind=kind):
            raise kind("again")

        key = note(firsts, fail)
        counts[key] = counts.get(key, 0) + 1
    groups = firsts.groups([counts])
    assert len(groups) == 51
    others = groups[-1]
    assert (others.type, others.count, others.exception, others.where) == ("others", 20, None, "other places")


def test_one_object_raised_over_and_over_has_one_traceback():
    firsts = Firsts()
    error = KeyError("same")

    def fail():
        raise error

    assert len({note(firsts, fail) for _ in range(200)}) == 1
    length, entry = 0, error.__traceback__
    while entry is not None:
        length, entry = length + 1, entry.tb_next
    assert length < 10


def test_helpers_of_test_frameworks_do_not_count_as_the_line():
    firsts = Firsts()

    def fail():
        pytest.fail("one")

    kind, file, line = note(firsts, fail)
    assert kind is pytest.fail.Exception
    assert (file, line) == (__file__, fail.__code__.co_firstlineno + 1)


def test_what_cannot_be_printed():
    firsts = Firsts()

    def fail():
        raise Unprintable

    (group,) = firsts.groups([{note(firsts, fail): 1}])
    assert group.message == "<no message: __str__ raised RuntimeError>"
    assert "Unprintable" in group.traceback
