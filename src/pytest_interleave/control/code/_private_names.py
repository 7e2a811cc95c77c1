"""Local containers that no other thread can see: accesses to them are no scheduling points.

A list of threads that a test makes, fills and walks through is the most common case. A variable counts as private if
the function makes each of its values itself (a display, a comprehension, `list()` and the like), no inner function uses
it, and it is only ever iterated over, indexed, tested, measured, or changed by a container's own methods. Neither the
container, nor a view of it, nor an iterator over it may be passed on, returned or stored.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ._private_generators import consumed_at_once, is_consumed, private_loops

_MAKERS = frozenset(("list", "dict", "set", "deque", "defaultdict", "Counter", "bytearray"))
_COMPREHENSIONS = (ast.ListComp, ast.DictComp, ast.SetComp)
_DISPLAYS = (ast.List, ast.Dict, ast.Set, *_COMPREHENSIONS)
_LOOKERS = frozenset(("len", "sorted", "sum", "min", "max", "any", "all", "list", "tuple", "set"))
#: Functions whose result goes through the container later, wherever the result is then.
_LAZY_LOOKERS = frozenset(("enumerate", "zip"))
_LAZY_METHODS = frozenset(("keys", "values", "items", "elements", "__iter__", "__reversed__"))
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
#: First line and column, last line and column, as instructions have them.
Span = tuple[int | None, int | None, int | None, int | None]


class PrivateUses(NamedTuple):
    """The uses of private containers. Their items are another matter: other threads may have those."""

    #: The spans of their names, and of loops over them.
    names: frozenset[Span]
    #: The spans of `name[…]`, `name.method` and `name.method(…)`; and of calls that consume a generator expression.
    accesses: frozenset[Span]
    #: The spans of comprehensions and generator expressions that go through an object that no other thread sees.
    loops: frozenset[Span]


NOTHING_PRIVATE = PrivateUses(frozenset(), frozenset(), frozenset())


def private_uses(tree: ast.AST) -> PrivateUses:
    """Find the uses of private containers in all functions of a file."""
    nodes: set[ast.AST] = set()
    names: set[Span] = set()
    accesses: set[Span] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for use, parent, grandparent in _in_function(node):
                nodes.add(use)
                names.update(_spans_of_name(use, parent, grandparent))
                if isinstance(parent, (ast.Subscript, ast.Attribute)):
                    accesses.add(_span(parent))
                if isinstance(parent, ast.Attribute) and grandparent is not None:
                    accesses.add(_span(grandparent))
    accesses.update(map(_span, consumed_at_once(tree)))
    loops = map(_span, private_loops(tree, nodes))
    return PrivateUses(frozenset(names), frozenset(accesses), frozenset(loops))


_Use = tuple[ast.Name, ast.AST, "ast.AST | None"]


def _in_function(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[_Use]:
    """Return the uses of private containers in a function, each with its parent and grandparent."""
    parents: dict[ast.AST, ast.AST] = {}
    made: set[str] = set()
    spoilt: set[str] = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    uses: list[_Use] = []
    for node, parent, grandparent in _own_nodes(function):
        # Parents come before their children.
        parents[node] = parent
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            spoilt.update(node.names)
        elif isinstance(node, _SCOPES):
            spoilt.update(name.id for name in ast.walk(node) if isinstance(name, ast.Name))
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                value = getattr(parent, "value", None) if isinstance(parent, (ast.Assign, ast.AnnAssign)) else None
                (made if value is not None and _makes_container(value) else spoilt).add(node.id)
            elif isinstance(node.ctx, ast.Load):
                if _is_harmless(node, parents):
                    uses.append((node, parent, grandparent))
                else:
                    spoilt.add(node.id)
    private = made - spoilt
    return [use for use in uses if use[0].id in private]


def _spans_of_name(node: ast.Name, parent: ast.AST, grandparent: ast.AST | None) -> Iterator[Span]:
    """Yield the spans that instructions can have for a name: up to 3.12, an iteration has the span of its statement."""
    yield _span(node)
    if isinstance(parent, (ast.For, ast.UnaryOp)):
        yield _span(parent)
    elif isinstance(parent, ast.comprehension):
        comprehension = grandparent
        if isinstance(comprehension, (*_COMPREHENSIONS, ast.GeneratorExp)) and len(comprehension.generators) == 1:
            yield _span(comprehension)


def _span(node: ast.AST) -> Span:
    assert isinstance(node, (ast.expr, ast.stmt))
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _makes_container(value: ast.expr) -> bool:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        # As in `[0] * 8`. A factor that is not known to be a number could make anything of a list.
        return isinstance(value.left, ast.List) and isinstance(value.right, ast.Constant)
    if isinstance(value, _DISPLAYS):
        return True
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in _MAKERS


def _is_harmless(node: ast.Name, parents: Mapping[ast.AST, ast.AST]) -> bool:
    parent = parents[node]
    if isinstance(parent, (ast.For, ast.comprehension)):
        return is_consumed(node, parents)
    if isinstance(parent, ast.Subscript):
        return parent.value is node
    if isinstance(parent, ast.Attribute):
        call = parents[parent]
        if not (isinstance(call, ast.Call) and call.func is parent):
            return False
        return parent.attr not in _LAZY_METHODS or is_consumed(call, parents)
    if isinstance(parent, ast.Call):
        if not (isinstance(parent.func, ast.Name) and node in parent.args):
            return False
        name = parent.func.id
        return name in _LOOKERS or (name in _LAZY_LOOKERS and is_consumed(parent, parents))
    if isinstance(parent, ast.Compare):
        return parent.left is not node or not isinstance(parent.ops[0], (ast.Is, ast.IsNot))
    return isinstance(parent, (ast.If, ast.While, ast.UnaryOp, ast.Assert))


def _own_nodes(function: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, ast.AST | None]]:
    """Yield the nodes of a function's own body, each with its parent and grandparent; an inner function is one node."""
    stack: list[tuple[ast.AST, ast.AST, ast.AST | None]] = [
        (child, function, None) for child in getattr(function, "body", ())
    ]
    while stack:
        node, parent, grandparent = stack.pop()
        yield node, parent, grandparent
        if not isinstance(node, _SCOPES):
            stack.extend((child, node, parent) for child in ast.iter_child_nodes(node))
