"""The table of operation kinds."""

from __future__ import annotations

import ast
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import get_args, get_type_hints

import pytest

import pytest_interleave
from pytest_interleave.control.steps import kinds
from pytest_interleave.control.steps._operations import Operation
from pytest_interleave.control.steps._touches import NOTHING, READS, WRITES, touches_of

_SOURCES = sorted(Path(pytest_interleave.__file__).parent.rglob("*.py"))
_MAKERS = {"Operation", "ImpatientOperation", "_operation"}


def test_each_kind_has_a_row_and_a_constant() -> None:
    constants = {
        value
        for name, value in vars(kinds).items()
        if name.isupper() and isinstance(value, str) and value in kinds.TABLE
    }
    assert constants == set(kinds.TABLE)


@pytest.mark.parametrize("row", kinds.ROWS, ids=lambda row: row.kind)
def test_each_field_has_one_of_its_values(row: kinds.Row) -> None:
    hints = get_type_hints(kinds.Row.__init__)
    for name in ("about", "effect", "clock", "waits", "signal", "lock", "sign"):
        assert getattr(row, name) in get_args(hints[name]), name


def test_no_kind_is_written_as_a_string_elsewhere() -> None:
    """A misspelled kind would have no row, and none of its meanings."""
    found = []
    for path in _SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and node.args and _name(node.func) in _MAKERS:
                found += [where for value in node.args[:1] if _is_text(value)]
            elif isinstance(node, ast.Assign) and any(_is_kind(target) for target in node.targets):
                found += [where for value in (node.value,) if _is_text(value)]
            elif isinstance(node, ast.Compare) and _is_kind(node.left):
                found += [where for value in node.comparators if _is_text(value) and value.value in kinds.TABLE]
    assert found == []


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _is_kind(value: ast.expr) -> bool:
    return isinstance(value, ast.Attribute) and value.attr == "kind" and not ast.unparse(value).startswith("self.")


@pytest.mark.parametrize("row", kinds.ROWS, ids=lambda row: row.kind)
def test_the_row_says_what_an_operation_touches(row: kinds.Row) -> None:
    lock = threading.Lock()
    operation = Operation(row.kind, lock, test_each_kind_has_a_row_and_a_constant.__code__, 0, mutates=False)
    if row.kind == kinds.AWAIT:
        # What is waited for is the resource, whatever wait it is.
        operation.target = SimpleNamespace(awaited="a resource")
        assert touches_of(operation, None) == (("a resource", None, READS),)
        return
    touches = touches_of(operation, None)
    if row.effect == "nothing":
        assert touches == NOTHING
    else:
        reads = row.effect in ("reads", "depends")
        assert touches == ((id(lock), None, READS if reads else WRITES),)


def test_a_condition_is_touched_with_its_lock() -> None:
    condition = threading.Condition()
    code = test_a_condition_is_touched_with_its_lock.__code__
    for kind in (kinds.WAIT, kinds.WOKEN):
        touched = {address for address, _, _ in touches_of(Operation(kind, condition, code, 0), None)}
        assert touched == {id(condition), id(condition._lock)}
    (touch,) = touches_of(Operation(kinds.NOTIFY, condition, code, 0), None)
    assert touch == (id(condition), None, WRITES)
