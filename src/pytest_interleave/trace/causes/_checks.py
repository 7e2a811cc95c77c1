"""Accesses that test a condition, on which what follows depends: the first half of a check-then-act race."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from ...control import Operation
from ...control.interpreter import opname_at
from ._sources import tree_of

#: Methods whose result says whether something is there.
_LOOK_UPS = frozenset((".get()", ".isdisjoint()", ".issubset()", ".issuperset()", ".count()", ".index()"))
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def looks_up(operation: Operation) -> bool:
    """Whether an access is a call of a method that looks something up."""
    return operation.name in _LOOK_UPS


def is_check(operation: Operation) -> bool:
    """Whether an access is in a condition, or reads what a condition of the function tests."""
    if opname_at(operation.code, operation.lasti) == "CONTAINS_OP":
        return True
    place = operation.where()
    return place.lineno in _checking_lines(place.filename)


@functools.lru_cache(maxsize=64)
def _checking_lines(filename: str) -> frozenset[int]:
    """Return the lines of a file that test a condition, or read what one tests later; none without the source."""
    tree = tree_of(filename)
    if tree is None:
        return frozenset()
    lines: set[int] = set()
    for node in ast.walk(tree):
        for test in _tests(node):
            lines.update(_lines_of(test))
        if isinstance(node, _Function):
            lines.update(_reading_lines(node))
    return frozenset(lines)


def _tests(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield node.test
    elif isinstance(node, ast.BoolOp):
        yield from node.values[:-1]
    elif isinstance(node, ast.comprehension):
        yield from node.ifs


def _lines_of(node: ast.expr) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _reading_lines(function: _Function) -> Iterator[int]:
    """Yield the lines that assign a variable which a condition of the same function tests."""
    tested = {
        name.id
        for node in ast.walk(function)
        for test in _tests(node)
        for name in ast.walk(test)
        if isinstance(name, ast.Name)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id in tested:
                yield from _lines_of(node.value)
