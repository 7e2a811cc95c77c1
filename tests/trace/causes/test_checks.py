"""Which accesses test a condition on which what follows depends."""

from __future__ import annotations

import textwrap

import pytest

from pytest_interleave.trace.causes._checks import _checking_lines, is_check, looks_up

from ..telling import in_threads, told

PROGRAMS = {
    "if": """
        def f():
            a = box.a
            if box.b:  #
                box.c = 1
            elif box.d:  #
                box.e = 1
    """,
    "while": """
        def f():
            while not box.done:  #
                box.steps += 1
    """,
    "several lines": """
        def f():
            if (  #
                box.a  #
                and box.b  #
            ):
                box.c = 1
    """,
    "conditional expression": """
        def f():
            a = box.a if box.b else box.c  #
            return a
    """,
    "match": """
        def f():
            match box.state:  #
                case 1:
                    box.state = 2
    """,
    "and, or": """
        def f():
            return (
                box.a  #
                or box.b  #
                or box.c
            )
    """,
    "comprehension": """
        def f():
            return [
                box.get(a)
                for a in box.all
                if a in box.some  #
            ]
    """,
    "variable that is tested later": """
        def f():
            other = box.other
            free = box.size - box.used  #
            log(other)
            if free > 0:  #
                box.used += 1
    """,
    "variable that is tested in a comprehension": """
        def f():
            limit = box.limit  #
            return [a for a in box.all if a < limit]  #
    """,
    "variable of another function": """
        def f():
            free = box.free
            return free

        def g(free):
            if free:  #
                box.used += 1
    """,
    "variable of the function around it": """
        def f():
            free = box.free  #
            def g():
                if free:  #
                    box.used += 1
            return g
    """,
    "no condition": """
        def f():
            for a in box.all:
                a.b += 1
            with box.lock:
                return box.a
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_lines_that_test_a_condition(name, tmp_path):
    source = textwrap.dedent(PROGRAMS[name])
    file = tmp_path / "program.py"
    file.write_text(source)
    expected = {number for number, line in enumerate(source.splitlines(), 1) if line.endswith("#")}
    _checking_lines.cache_clear()
    found = _checking_lines(str(file))
    # A parenthesis around a condition is no part of it.
    assert found == {number for number in expected if source.splitlines()[number - 1].strip() != "if (  #"}


@pytest.mark.parametrize("source", ["def f(:\n", "a = 1\0", "x = " + "(" * 500 + ")" * 500, None])
def test_without_the_source_no_line_is_known(source, tmp_path):
    file = tmp_path / "no_program.py"
    if source is not None:
        file.write_text(source)
    _checking_lines.cache_clear()
    assert _checking_lines(str(file)) == frozenset()


TABLE = {"key": 1}
NAMES = {"a"}


@pytest.mark.parametrize(
    ("access", "checks"),
    [
        (lambda: "key" in TABLE, True),
        (lambda: "key" not in TABLE, True),
        (lambda: TABLE.get("key"), True),
        (lambda: NAMES.isdisjoint(()), True),
        (lambda: TABLE["key"], False),
        (lambda: len(TABLE), False),
        (lambda: list(TABLE), False),
    ],
    ids=["in", "not in", "get", "isdisjoint", "item", "len", "list"],
)
def test_accesses_that_are_checks_wherever_they_are(access, checks):
    def body():
        in_threads(left=access, right=lambda: (TABLE.update(other=1), NAMES.add("b")))

    accesses = [step for unit, step, _ in told(body).outcome.log if unit.name == "left" and step.is_access]
    assert (is_check(accesses[-1]) or looks_up(accesses[-1])) == checks
