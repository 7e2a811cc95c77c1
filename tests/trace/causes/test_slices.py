"""What a line depends on, according to the source."""

from __future__ import annotations

import textwrap

import pytest

from pytest_interleave.trace.causes._slices import Slices

PROGRAMS = {
    "assignment": """
        def f():
            a = box.a  #
            b = box.b
            return a  # <
        """,
    "assignments of assignments": """
        def f():
            a = box.a  #
            b = a + 1  #
            c = box.c
            b += 1  #
            assert b  # <
        """,
    "condition": """
        def f():
            if box.a:  #
                c = box.c
                box.b = 1  # <
        """,
    "loop": """
        def f():
            box.c = 1
            for a in box.a:  #
                while a:  #
                    with box.lock:  #
                        box.b = a  # <
        """,
    "match": """
        def f(a):
            match box.a:  #
                case 1 if box.b:
                    box.c = 2
                case _:
                    box.c = 1  # <
        """,
    "early exit": """
        def f():
            if not box.a:  #
                box.e = 1
                return
            box.c = 1
            box.b = 1  # <
        """,
    "handler": """
        def f():
            box.c = 1
            try:
                box.a()  #
            except KeyError:
                box.b = 1  # <
        """,
    "return value": """
        def get():
            box.hits += 1
            a = box.a  #
            return a  #

        def f():
            return get()  # <
        """,
    "property": """
        class Box:
            @property
            def total(self):
                self.hits += 1
                return self.a + self.b  #

        def f(box):
            assert box.total  # <
        """,
    "argument": """
        def put(self, value):
            self.hits += 1
            self.value = value  # <

        def f():
            log.append(1)
            new = box.a  #
            box.put(new)  #
        """,
    "condition of the caller": """
        def act():
            box.b = 1  # <

        def f():
            log.append(1)
            if box.a:  #
                act()
        """,
    "callback": """
        def call(self):
            self.hits += 1
            if self.a:  #
                self.fn()

        def act():
            box.b = 1  # <

        Caller(act)
        """,
    "variable of the function around it": """
        def f():
            a = box.a  #
            def g():
                return a  # <
        """,
    "several lines": """
        def f():
            a = box.a(  #
                box.b  #
            )  #
            return (  # <
                a  #
            )  #
        """,
    "no more than itself": """
        def f():
            box.a = 1
            box.b = 2  # <
            box.c = 3
        """,
}


def lines_of(slices, filename, line):
    statement = slices.statement_at(filename, line)
    waiting, seen = [statement], set()
    while waiting:
        statement = waiting.pop()
        if statement not in seen:
            seen.add(statement)
            waiting.extend(slices.depends_on(statement))
    return sorted(line for statement in seen for line in statement.lines)


@pytest.mark.parametrize("name", PROGRAMS)
def test_slices(name, tmp_path):
    source = textwrap.dedent(PROGRAMS[name])
    file = tmp_path / "program.py"
    file.write_text(source)
    lines = source.splitlines()
    (failing,) = (number for number, line in enumerate(lines, 1) if line.endswith("# <"))
    wanted = [number for number, line in enumerate(lines, 1) if line.endswith(("#", "# <"))]
    assert lines_of(Slices([str(file)]), str(file), failing) == wanted


def test_over_several_files(tmp_path):
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("def get():\n    return box.a\n")
    other.write_text("from one import get\nassert get()\n")
    slices = Slices([str(one), str(other)])
    (called,) = slices.depends_on(slices.statement_at(str(other), 2))
    assert (called.filename, list(called.lines)) == (str(one), [2])


@pytest.mark.parametrize("source", ["def f(:\n", "a = 1\0", None])
def test_what_is_no_python_is_not_known(source, tmp_path):
    file = tmp_path / "file.py"
    if source is not None:
        file.write_text(source)
    assert Slices([str(file)]).statement_at(str(file), 1) is None
    assert Slices([]).statement_at(str(file), 1) is None
