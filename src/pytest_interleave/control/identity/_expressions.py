"""The source expression for what an access touches: `state` for the dictionary in `state["n"] = n + 1`."""

from __future__ import annotations

import ast
import dis
import functools
import linecache
from types import CodeType
from typing import TYPE_CHECKING

from ..interpreter._opcodes import asks_for_truth, opname_at
from ..scope._frozen import file_of
from ._types import bases_of, class_holding, name_of_class

if TYPE_CHECKING:
    from ..steps._operations import Operation

#: At most this many characters; a longer text is not used as a name.
_LONGEST = 30
_ITERATES = frozenset(("FOR_ITER", "GET_ITER"))
#: Methods whose results change with their object.
_VIEWS = frozenset(("__iter__", "elements", "items", "keys", "values"))


def touched_expression(operation: Operation, kind: type | None = None) -> str:
    """Return the source expression for the container that an access is to; empty if it is no plain name.

    `kind` is the container's type, if that is known.
    """
    code = operation.code
    # Otherwise the instruction is in a library, and the place that is shown is the line that called the library.
    if not operation.is_where_it_shows:
        return ""
    expression = _expression_at(code, operation.lasti)
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name) and _is_local(expression.func, code):
        # It may be a method of another object than its argument.
        return ""
    found = _owner(expression, operation.name, kind)
    if opname_at(code, operation.lasti) in _ITERATES and _is_result(expression):
        # As in `for item in table.get(key)`.
        found = None
    inner = found
    while isinstance(inner, (ast.Attribute, ast.Subscript)):
        inner = inner.value
    if found is None or not isinstance(inner, ast.Name):
        return ""
    text = ast.unparse(found)
    return text if len(text) <= _LONGEST else ""


def _is_result(expression: ast.expr | None) -> bool:
    """Whether an expression is what a method returns that is not only another view of its object."""
    function = expression.func if isinstance(expression, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr not in _VIEWS


def called_expression(operation: Operation) -> str:
    """Return the source expression for the function that is called: "heapq.heappop"; empty if it is no plain name."""
    expression = _expression_at(operation.code, operation.lasti) if operation.is_where_it_shows else None
    inner = function = expression.func if isinstance(expression, ast.Call) else None
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    if function is None or not isinstance(inner, ast.Name):
        return ""
    text = ast.unparse(function)
    return text if len(text) <= _LONGEST else ""


def _is_local(name: ast.Name, code: CodeType) -> bool:
    return name.id in code.co_varnames or name.id in code.co_cellvars or name.id in code.co_freevars


@functools.lru_cache(maxsize=256)
def _expression_at(code: CodeType, lasti: int) -> ast.expr | None:
    """Return the expression that an instruction belongs to, if that is on one line, else None."""
    positions = None
    before: dis.Positions | None = None
    container: dis.Positions | None = None
    for instruction in dis.get_instructions(code):
        if instruction.offset == lasti:
            # A jump belongs to the whole statement. What it tests belongs to the instruction before it.
            positions = before if before is not None and asks_for_truth(instruction.opname) else instruction.positions
            iterable = before if instruction.opname == "GET_ITER" else container
            if instruction.opname in _ITERATES and iterable is not None:
                # Until Python 3.12, they belong to the whole statement, too.
                positions = iterable
            break
        container = before if instruction.opname == "GET_ITER" else None
        before = instruction.positions
    if positions is None:
        return None
    line, end_line, begin, end = positions
    if line is None or line != end_line or begin is None or end is None:
        return None
    # Columns count bytes.
    source = linecache.getline(file_of[code.co_filename], line).encode()[begin:end].decode(errors="replace")
    try:
        return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _owner(expression: ast.expr | None, name: str, kind: type | None) -> ast.expr | None:
    """Return the part that stands for the container, of an expression that accesses one.

    `name` is how the access is called: as the method, if that determines what the access does.
    """
    match expression:
        case ast.Call(func=ast.Attribute(value=owner, attr=method), args=arguments):
            if _has_method(kind, method, known=name == f".{method}()") and not _is_class_itself(owner, kind):
                return owner
            # As in `operator.getitem(table, key)`, `dict.get(table, key)` and `self.print(table)`.
            return arguments[0] if arguments else None
        case ast.Subscript(value=owner):
            return owner
        case ast.Call(func=ast.Name(), args=[owner], keywords=[]):
            return owner
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[owner]) | ast.UnaryOp(op=ast.Not(), operand=owner):
            return owner
        case ast.Compare(left=owner, comparators=[ast.List() | ast.Dict() | ast.Set() | ast.Tuple()]):
            return owner
        case (
            ast.ListComp(generators=[single]) | ast.SetComp(generators=[single]) | ast.GeneratorExp(generators=[single])
        ):
            # Until Python 3.11, it is a function of its own.
            return single.iter
        case ast.Name() | ast.Attribute():
            return expression
    return None


def _has_method(kind: type | None, method: str, *, known: bool) -> bool:
    return known if kind is None else class_holding(kind, method) is not None


def _is_class_itself(owner: ast.expr, kind: type | None) -> bool:
    """Whether a method is called as its class's own, by the class's name."""
    if kind is None or not isinstance(owner, ast.Name):
        return False
    return any(name_of_class(base) == owner.id for base in bases_of(kind))
