"""A file's text shows where it may hand over functions written in C, so that other programs are not slowed down."""

from __future__ import annotations

import ast
from textwrap import dedent, indent

import pytest

from pytest_interleave.control.code._handed_over import handed_over


@pytest.mark.parametrize(
    "statement",
    [
        "handler.emit = items.append",
        "events.enter(0, 1, items.append, (1,))",
        "call(emit=items.append)",
        "return {'emit': items.append}",
        "stack.callback(lambda: items.pop)",
        "call(items.__setitem__)",
        "call(getattr(items, 'append'))",
        "call(getattr(items, name))",
        "call(partial(list, map(items.append, [1])))",
        "call(functools.partial(items.append, 1))",
        "call(methodcaller('append', 1))",
        "call(setattr, thing, 'value', 1)",
        "setattr(handler, 'emit', items.append)",
        "import operator\ncall(operator.iadd, items)",
        "from operator import iadd as add_to\ncall(add_to, items)",
        "append = items.append\ncall(append)",
        "class Stream:\n    write = items.append",
        "class Stream:\n    write = staticmethod(items.append)",
        "global emit\nemit = items.append",
        "@functools.cache\ndef known(): return 1\ncall(known)",
    ],
)
def test_handed_over(statement):
    source = "def f(items, call):\n" + indent(statement, "    ")
    found = handed_over(ast.parse(source))
    assert found.lines
    assert not found.early
    namespace: dict[str, object] = {}
    exec(compile(source, "made.py", "exec"), namespace)
    f = namespace["f"]
    assert found.by(f.__code__)
    assert not found.by((lambda: 1).__code__.replace(co_firstlineno=100))


@pytest.mark.parametrize(
    "statement",
    [
        "items.append(1)",
        "items.extend(*more)",
        "Thread(target=items.append, args=(1,))",
        "sorted(items, key=table.get)",
        "items.sort(key=table.get)",
        "list(map(items.append, [1]))",
        "append = items.append\nfor number in items: append(number)",
        "return thing.items[0] + len(thing.items)",
        "thing.items = []\nreturn thing.items",
        "call(thing.name, f)",
        "call(getattr(thing, 'name'))",
        "call(partial(f, 1))",
        "call(partial(lambda: 1))",
        "import json\ncall(json.dumps)",
        "@functools.cache\ndef known(): return 1\nknown()",
    ],
)
def test_not_handed_over(statement):
    found = handed_over(ast.parse("def f(items, call):\n" + indent(statement, "    ")))
    assert found == (False, frozenset())


@pytest.mark.parametrize(
    ("source", "early"),
    [
        ("HANDLER.emit = ITEMS.append", True),
        ("class Handler:\n    emit = ITEMS.append", True),
        ("def f(emit=ITEMS.append): pass", True),
        ("def f(): HANDLER.emit = ITEMS.append\nf()", True),
        ("def f(): HANDLER.emit = ITEMS.append\nif __name__ == '__main__':\n    f()", False),
        ("class Shop:\n    def __init__(self): self.emit = ITEMS.append\nSHOP = Shop()", True),
        ("@pytest.fixture\ndef f(): return ITEMS.append", True),
        ("@pytest.mark.concurrency(workers=2)\ndef test(): HANDLER.emit = ITEMS.append", False),
        ("def setup_module(): HANDLER.emit = ITEMS.append", True),
    ],
)
def test_before_the_test(source, early):
    found = handed_over(ast.parse(dedent(source)))
    assert found.lines
    assert found.early == early
