"""Accesses that test a condition, on which what follows depends: the first half of a check-then-act race."""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Container, Iterable, Iterator, Sequence

from ...control import Operation, Place
from ...control.interpreter import column_at, opname_at
from ...control.steps import kinds
from ._sources import tree_of

#: Methods whose result says whether something is there.
_LOOK_UPS = frozenset(
    (".__contains__()", ".get()", ".isdisjoint()", ".issubset()", ".issuperset()", ".count()", ".index()")
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def looks_up(operation: Operation) -> bool:
    """Whether an access is a call of a method that looks something up."""
    return operation.name in _LOOK_UPS


def empties(operation: Operation) -> bool:
    """Whether an access deletes all that is in a container."""
    return operation.name == ".clear()" or (operation.kind == kinds.DELETE and "[:]" in operation.where().text)


def is_check(operation: Operation) -> bool:
    """Whether an access is in a condition, or reads what a condition of the function tests."""
    if operation.is_where_it_shows and _is_membership_test(operation):
        return True
    place = operation.where()
    return place.lineno in _checking_lines(place.filename) and not _is_selected(operation, place)


def _is_selected(operation: Operation, place: Place) -> bool:
    """Whether an access is in what a condition in the same line selects, and in no condition itself."""
    column = column_at(operation.code, operation.lasti) if operation.is_where_it_shows else -1
    selections = _bodies(place.filename).get(place.lineno, ()) if column >= 0 else ()
    within = [_has_column(condition, column) for condition, _ in selections]
    return not any(within) and any(_has_column(selected, column) for _, selected in selections)


def is_check_within(operation: Operation) -> bool:
    """Whether an access is a membership test that a call of a library makes, as `get()` of a `UserDict` does.

    What the same call does next depends on that. A statement that also assigns an item may have two such calls.
    """
    within = not operation.is_where_it_shows and _is_membership_test(operation)
    place = operation.where()
    return within and place.lineno not in _item_assigning_lines(place.filename)


def _is_membership_test(operation: Operation) -> bool:
    return opname_at(operation.code, operation.lasti) == "CONTAINS_OP"


def is_checked_by_caller(calls: Sequence[Place]) -> bool:
    """Whether a line returns what it reads, and a condition of a caller tests that.

    `calls` are the places of the calls that an access is in, from its own place outwards.
    """
    for inner, outer in itertools.pairwise(calls):
        if inner.lineno not in _returning_lines(inner.filename):
            return False
        if outer.lineno in _checking_lines(outer.filename):
            return True
    return False


def follows_in_line(first: Operation, last: Operation) -> bool:
    """Whether an access is further to the right in a line than another one: then one run of the line may do both."""
    if first.code is not last.code or first.where() != last.where():
        return False
    return -1 < column_at(first.code, first.lasti) < column_at(last.code, last.lasti)


def is_tested_in_line(first: Operation, last: Operation) -> bool:
    """Whether an access is in a condition, and another one in what that selects, or tests next, in the same line."""
    if first.code is not last.code or first.where() != last.where():
        return False
    test, act = (column_at(each.code, each.lasti) for each in (first, last))
    filename, line, _ = first.where()
    selections = (*_bodies(filename).get(line, ()), *_conjunctions(filename).get(line, ()))
    return any(_has_column(condition, test) and _has_column(selected, act) for condition, selected in selections)


def _has_column(node: ast.AST, column: int) -> bool:
    return bool(getattr(node, "col_offset", -1) <= column < getattr(node, "end_col_offset", -1))


_Selections = dict[int, tuple[tuple[ast.AST, ast.AST], ...]]


@functools.lru_cache(maxsize=64)
def _bodies(filename: str) -> _Selections:
    """Return the conditions of a file, each with what it selects in the same line, by these lines."""
    tree = tree_of(filename)
    found: _Selections = {}
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, (ast.IfExp, ast.If, ast.While)):
            bodies = (node.body, node.orelse) if isinstance(node, ast.IfExp) else node.body
            selected = [(node.test, each) for each in bodies if each.lineno == node.test.lineno == each.end_lineno]
            found[node.test.lineno] = (*found.get(node.test.lineno, ()), *selected)
    return found


@functools.lru_cache(maxsize=64)
def _conjunctions(filename: str) -> _Selections:
    """Return the operands of `and` in a file that say that something is there, each with those after it in its line."""
    tree = tree_of(filename)
    found: _Selections = {}
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) and node.lineno == node.end_lineno:
            # As in `table and table[0] > 1`.
            selected = [
                (test, each)
                for number, test in enumerate(node.values)
                if _says_that_it_is_there(test)
                for each in node.values[number + 1 :]
            ]
            found[node.lineno] = (*found.get(node.lineno, ()), *selected)
    return found


def _says_that_it_is_there(test: ast.expr) -> bool:
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], (ast.In, ast.Is, ast.IsNot))
    return isinstance(test, (ast.Name, ast.Attribute, ast.Subscript))


def tests(operation: Operation) -> bool:
    """Whether an access is in a condition itself, as far as its line and its column say."""
    place = operation.where()
    return is_in_test(place) and not _is_selected(operation, place)


def is_in_test(place: Place) -> bool:
    """Whether a line is in a condition itself."""
    return place.lineno in _testing_lines(place.filename)


@functools.lru_cache(maxsize=64)
def _testing_lines(filename: str) -> frozenset[int]:
    """Return the lines of a file that test a condition; none without the source."""
    tree = tree_of(filename)
    nodes = () if tree is None else ast.walk(tree)
    return frozenset(line for node in nodes for test in _tests(node) for line in _lines_of(test))


@functools.lru_cache(maxsize=64)
def _returning_lines(filename: str) -> frozenset[int]:
    """Return the lines of a file with what a function returns, or with what it assigns to a variable that it returns.

    There are none without the source.
    """
    tree = tree_of(filename)
    lines: set[int] = set()
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.Lambda):
            lines.update(_lines_of(node.body))
        elif isinstance(node, _Function):
            returned = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
            for value in returned:
                lines.update(_lines_of(value))
            lines.update(_lines_that_assign(node, _names_in(returned)))
    return frozenset(lines)


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


@functools.lru_cache(maxsize=64)
def _item_assigning_lines(filename: str) -> frozenset[int]:
    """Return the lines of a file with statements that assign an item or an attribute; none without the source."""
    tree = tree_of(filename)
    lines: set[int] = set()
    for node in () if tree is None else ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and any(
            isinstance(part, (ast.Subscript, ast.Attribute))
            for target in targets
            if target is not None
            for part in ast.walk(target)
        ):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return frozenset(lines)


def _tests(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield node.test
    elif isinstance(node, ast.Match):
        yield node.subject
    elif isinstance(node, ast.BoolOp):
        yield from node.values[:-1]
    elif isinstance(node, ast.comprehension):
        yield from node.ifs


def _lines_of(node: ast.expr) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _reading_lines(function: _Function) -> Iterator[int]:
    """Yield the lines that assign a variable which a condition of the same function tests."""
    return _lines_that_assign(function, _names_in(test for node in ast.walk(function) for test in _tests(node)))


def _names_in(expressions: Iterable[ast.expr]) -> set[str]:
    return {name.id for each in expressions for name in ast.walk(each) if isinstance(name, ast.Name)}


def _lines_that_assign(function: _Function, names: Container[str]) -> Iterator[int]:
    """Yield the lines of the values that a function assigns to one of these variables alone."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id in names:
                yield from _lines_of(node.value)
