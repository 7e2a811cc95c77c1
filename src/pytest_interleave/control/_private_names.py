"""Local containers that no other thread can see: accesses to them are no scheduling points.

A list of threads that a test makes, fills and walks through is the commonest case. A variable counts as private where
the function makes each of its values itself (a display, a comprehension, `list()` and the like), no inner function
uses it, and it is only ever iterated over, indexed, tested, measured, or changed by a container's own methods: never
passed on, returned or stored.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_MAKERS = frozenset(("list", "dict", "set", "deque", "defaultdict", "Counter", "bytearray"))
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_LOOKERS = frozenset(("len", "sorted", "sum", "min", "max", "any", "all", "list", "tuple", "set", "enumerate", "zip"))
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_Start = tuple[int, int]


def private_starts(tree: ast.AST) -> frozenset[_Start]:
    """Line and column of each use of a private container, as instructions that access it have them too."""
    found: set[_Start] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.update(_in_function(node))
    return frozenset(found)


def _in_function(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[_Start]:
    made: set[str] = set()
    spoilt: set[str] = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    uses: dict[str, set[_Start]] = {}
    for node, parent, grandparent in _own_nodes(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            spoilt.update(node.names)
        elif isinstance(node, _SCOPES):
            spoilt.update(name.id for name in ast.walk(node) if isinstance(name, ast.Name))
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                value = getattr(parent, "value", None) if isinstance(parent, (ast.Assign, ast.AnnAssign)) else None
                (made if value is not None and _makes_container(value) else spoilt).add(node.id)
            elif isinstance(node.ctx, ast.Load):
                if _is_harmless(node, parent, grandparent):
                    uses.setdefault(node.id, set()).update(_starts(node, parent, grandparent))
                else:
                    spoilt.add(node.id)
    return {start for name in made - spoilt for start in uses.get(name, ())}


def _starts(node: ast.Name, parent: ast.AST, grandparent: ast.AST | None) -> set[_Start]:
    """Where instructions that access it can say they begin: up to 3.12, iteration begins where its statement does."""
    starts = {(node.lineno, node.col_offset)}
    if isinstance(parent, ast.For):
        starts.add((parent.lineno, parent.col_offset))
    elif isinstance(parent, ast.comprehension) and isinstance(grandparent, (*_DISPLAYS, ast.GeneratorExp)):
        starts.add((grandparent.lineno, grandparent.col_offset))
    return starts


def _makes_container(value: ast.expr) -> bool:
    if isinstance(value, _DISPLAYS):
        return True
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in _MAKERS


def _is_harmless(node: ast.Name, parent: ast.AST, grandparent: ast.AST | None) -> bool:
    if isinstance(parent, (ast.For, ast.comprehension)):
        return parent.iter is node
    if isinstance(parent, ast.Subscript):
        return parent.value is node
    if isinstance(parent, ast.Attribute):
        return isinstance(grandparent, ast.Call) and grandparent.func is parent
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in _LOOKERS and node in parent.args
    if isinstance(parent, ast.Compare):
        return parent.left is not node or not isinstance(parent.ops[0], (ast.Is, ast.IsNot))
    return isinstance(parent, (ast.If, ast.While, ast.UnaryOp, ast.Assert))


def _own_nodes(function: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, ast.AST | None]]:
    """The nodes of the function's own body, each with its parent and grandparent; inner functions as one node."""
    stack: list[tuple[ast.AST, ast.AST, ast.AST | None]] = [
        (child, function, None) for child in getattr(function, "body", ())
    ]
    while stack:
        node, parent, grandparent = stack.pop()
        yield node, parent, grandparent
        if not isinstance(node, _SCOPES):
            stack.extend((child, node, parent) for child in ast.iter_child_nodes(node))
