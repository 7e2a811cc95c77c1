"""Operators are not watched while that changes nothing: the steps are the same as if all were watched."""

from __future__ import annotations

import dis
import gc
import random
import sys
import threading
import weakref
from contextlib import suppress
from copy import deepcopy
from itertools import count

import pytest

from pytest_interleave.control import Scope, set_scope
from pytest_interleave.control.execution.units._current import current_unit
from pytest_interleave.control.instrumentation._access_tables import AccessTables
from pytest_interleave.control.instrumentation._engine import engine
from pytest_interleave.control.instrumentation._granted import running
from pytest_interleave.explore import RandomWalk
from tests.driving import execute, executions, require_good_end


@pytest.fixture
def compiled(tmp_path):
    """Makes functions that have not run before."""
    set_scope(Scope(str(tmp_path), ()))
    numbers = count()

    def make(source):
        path = tmp_path / f"made_{next(numbers)}.py"
        path.write_text(source, encoding="utf-8")
        scope = {}
        exec(compile(source, str(path), "exec"), scope)
        return scope["f"]

    return make


class Box:
    def __init__(self, value):
        self.value = value


def steps_of(function, *calls):
    """What is done in `function`, called with each of `calls`: at which instruction, and how much that touches."""

    def body():
        for call in calls:
            with suppress(Exception):
                function(*call)

    outcome = execute(body)
    require_good_end(outcome)
    return [
        (operation.lasti, operation.kind, len(touches or ()))
        for _, operation, touches in outcome.log
        if operation.code is function.__code__
    ]


def left_alone(function):
    """How many of its operators are."""
    return sum(len(granted._left_alone) for granted in assumptions_of(function))


def assumptions_of(function):
    return engine()._tables.assumptions[id(function.__code__)] or ()


ADDS = """
def f(a, b):
    for n in range(3):
        c = a + b
        c += a
        if n > 5: c = c * n
"""


def test_numbers_are_no_steps(compiled):
    function = compiled(ADDS)
    assert steps_of(function, (1, 2), (1.5, 2), ("a", "b")) == []
    assert left_alone(function) == 3


def test_a_list_is_seen_where_numbers_were_before(compiled):
    function = compiled(ADDS)
    steps = steps_of(function, (1, 2), ([1], [2]), (1, 2))
    opnames = {each.offset: each.opname for each in dis.get_instructions(function)}
    assert [opnames[lasti] for lasti, _, _ in steps] == ["BINARY_OP", "BINARY_OP"] * 3
    assert left_alone(function) == 0


def test_only_dependent_operators_are_watched_again(compiled):
    function = compiled("def f(a, b):\n    for n in range(3):\n        a = a + n\n        b * n\n")
    assert steps_of(function, (1, 2)) == []
    assert left_alone(function) == 2
    assert len(steps_of(function, (1, [2]), (1, 2))) == 3
    assert left_alone(function) == 1


def test_the_result_of_an_operator_that_is_watched_again(compiled):
    function = compiled("def f(a, b):\n    for n in range(3):\n        c = a + b\n        d = c + c\n")
    assert len(steps_of(function, (1, 2), ([1], [2]))) == 6


def test_the_result_of_a_watched_operator(compiled):
    function = compiled(
        "def f(box):\n    for _ in range(2):\n        c = box.value + box.value\n        c = c * 2 if True else c\n"
        "        c = (c + c) + c\n"
    )
    assert len(steps_of(function, (Box(1),))) == 4
    assert left_alone(function) == 2
    # Two reads of the attribute, and an operator that makes a list of its own: what that is used for is seen.
    assert len(steps_of(function, (Box([1]),))) > 4
    assert left_alone(function) == 0


def test_an_operator_that_comes_upon_a_list_only_in_another_thread(compiled):
    function = compiled(ADDS)
    shared = [1]

    def body():
        threads = [threading.Thread(target=function, args=(value, value)) for value in (1, 2, shared)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for outcome in executions(body, RandomWalk(1), 5):
        require_good_end(outcome)
        found = [operation for _, operation, _ in outcome.log if operation.code is function.__code__]
        assert len(found) == 6


def test_a_call_that_has_started_unwatched(compiled):
    """As that of a thread that is older than the test."""
    function = compiled(
        "def f(a, b, begun, go):\n    begun.set()\n    go.wait()\n"
        "    for n in range(3):\n        c = a + b\n        c += a\n"
    )
    steps_of(function, (1, 2, Ready(), Ready()))
    assert left_alone(function) == 2
    begun, go = threading.Event(), threading.Event()
    thread = threading.Thread(target=function, args=([1], [2], begun, go))
    thread.start()
    begun.wait()
    try:
        steps_of(function, (1, 2, Ready(), Ready()))
        assert left_alone(function) == 0
    finally:
        go.set()
        thread.join()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there, only the thread itself can do so")
def test_a_thread_that_is_taken_over(compiled):
    function = compiled(
        "def f(a, b, begun, go):\n    begun.set()\n    go.wait()\n    for n in range(3):\n        c = a + b\n"
    )
    begun, go = threading.Event(), threading.Event()
    thread = threading.Thread(target=function, args=([1], [2], begun, go))
    thread.start()
    begun.wait()

    def body():
        engine().take_over(current_unit(), sys._current_frames()[thread.ident])
        left.append(left_alone(function))
        function(1, 2, Ready(), Ready())
        left.append(left_alone(function))

    left = []
    try:
        require_good_end(execute(body))
    finally:
        go.set()
        thread.join()
    assert left == [0, 0]


class Ready:
    def set(self):
        pass

    wait = set


def test_watching_all_calls_keeps_none_of_them_alive():
    def call():
        box = Box(1)
        running()
        return weakref.ref(box)

    gc.disable()
    try:
        assert call()() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_have_the_same_steps(seed, monkeypatch, compiled):
    drawn = random.Random(seed)
    source = made(drawn)
    # Numbers first: what was taken for granted is doubted only later.
    calls = [tuple(value(drawn, round / 6) for _ in "abc") for round in range(6)]
    granted = steps_of(compiled(source), *deepcopy(calls))
    monkeypatch.setattr(AccessTables, "_assumptions", lambda *_: ())
    assert steps_of(compiled(source), *calls) == granted, source


def value(drawn, how_likely_other):
    if drawn.random() >= how_likely_other:
        return drawn.randint(1, 4)
    return drawn.choice(("x", None, (1,), [1], [2, 3], {"a": 1}, {1, 2}, Box(1), Box([2]), b"b"))


def made(drawn):
    """A function that sometimes fails in the middle, which counts as well."""
    lines = ["def f(a, b, c, t='t'):", "    d = e = 1", "    try:"]
    indent = 2
    for _ in range(drawn.randint(4, 12)):
        lines.append("    " * indent + statement(drawn))
        if lines[-1].endswith(":"):
            indent += 1
            lines.append("    " * indent + statement(drawn, simple=True))
        elif indent > 2 and drawn.random() < 0.4:
            indent -= 1
    lines.append("    except Exception:")
    lines.append("        " + statement(drawn, simple=True))
    return "\n".join(lines) + "\n"


def statement(drawn, simple=False):
    kinds = ["assign", "assign", "assign", "augment", "augment", "swap", "append"]
    if not simple:
        kinds += ["for", "for", "if"]
    name = drawn.choice("abcde")
    match drawn.choice(kinds):
        case "assign":
            return f"{name} = {expression(drawn)}"
        case "augment":
            return f"{name} {drawn.choice(('+', '-', '*', '%', '|'))}= {expression(drawn, 1)}"
        case "swap":
            return f"{name}, {drawn.choice('abcde')} = {expression(drawn, 1)}, {expression(drawn, 1)}"
        case "append":
            return f"{name}.append({expression(drawn, 1)})"
        case "for":
            return f"for {name} in {drawn.choice(('range(2)', 'range(len(a))', 'a', '(1, 2)', '[b, c]'))}:"
    return f"if {expression(drawn)}:"


def expression(drawn, depth=2):
    if depth == 0 or drawn.random() < 0.2:
        return drawn.choice(["a", "b", "c", "d", "e", "1", "t", "[1]", "a[0]", "b.value", "len(c)", "max(d, e)"])
    left, right = expression(drawn, depth - 1), expression(drawn, depth - 1)
    match drawn.randint(0, 9):
        case 0:
            return f"({left} < {right})"
        case 1:
            return f"({left} == {right})"
        case 2:
            return f"(not {left})"
        case 3:
            # Before 3.12, none can stand in another one.
            return f"f'{{{left}}} {{{right}}}'" if "'" not in left + right else f"({left} or {right})"
        case 4:
            return f"({left} if {right} else {left})"
        case 5:
            return f"(-{left})"
    return f"({left} {drawn.choice(('+', '*', '-', '%', '|', '&'))} {right})"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="only monitoring calls back for a single instruction")
def test_nothing_is_called_back_for_them(monkeypatch, compiled):
    from pytest_interleave.control.instrumentation import _granted

    function = compiled(ADDS)
    steps_of(function, (1, 2))
    (granted,) = assumptions_of(function)
    begun = []
    monkeypatch.setattr(_granted.Granted, "begin", lambda self, frame: begun.append(self))
    steps_of(function, (1, 2), (1, 2))
    assert begun == [granted, granted]
