"""Generator expressions, and loops in comprehensions, that no other thread can see: they are no scheduling points.

In `sum(x * x for x in numbers)`, nothing but the call has the generator. The iterable that it goes through may still be
shared, unless that is made on the spot, too.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

_CONSUMERS = frozenset("all any bytearray bytes Counter deque dict frozenset list max min set sorted sum tuple".split())
#: Iterables that no other thread sees, if no other thread sees their arguments.
PRIVATE_ITERABLES = frozenset(("range", "enumerate", "zip", "reversed", "map", "filter"))
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_MADE_HERE = (ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Lambda, *_COMPREHENSIONS)


def consumed_at_once(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that consume a generator expression and touch nothing else."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.GeneratorExp()], keywords=[]) if name in _CONSUMERS:
                yield node


def is_consumed(iterable: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether a view or an iterator is gone through where it is made, so that no other code can have it."""
    parent = parents.get(iterable)
    match parent:
        case ast.For():
            return parent.iter is iterable
        case ast.comprehension():
            comprehension = parents[parent]
            # Other comprehensions make lists and the like, and so go through it at once.
            lazy = isinstance(comprehension, ast.GeneratorExp)
            return parent.iter is iterable and (not lazy or is_consumed(comprehension, parents))
        case ast.Call(func=ast.Name(id=name)) if iterable in parent.args:
            return name in _CONSUMERS or name in _MEASURES or (name in _LAZY and is_consumed(parent, parents))
        case ast.Call(func=ast.Attribute(attr=name)) if iterable in parent.args:
            return name in _CONSUMING_METHODS
        case ast.Assign(targets=targets):
            return all(isinstance(target, (ast.Tuple, ast.List)) for target in targets)
        case ast.Compare() | ast.Starred() | ast.Expr() | ast.If() | ast.While() | ast.Assert():
            return True
    return False


_MEASURES = frozenset(("len", "next", "print", "repr", "str"))
_LAZY = PRIVATE_ITERABLES | {"iter"}
_CONSUMING_METHODS = frozenset(
    "difference extend extendleft intersection isdisjoint issubset issuperset join union update writelines".split()
)


def private_loops(tree: ast.AST, private: Collection[ast.AST]) -> Iterator[ast.expr]:
    """Yield the comprehensions that go through an object that no other thread sees.

    `private` has the nodes that name private containers.
    """
    for node in ast.walk(tree):
        if isinstance(node, _COMPREHENSIONS) and _is_private(node.generators[0].iter, private):
            yield node


def _is_private(iterable: ast.expr, private: Collection[ast.AST]) -> bool:
    match iterable:
        case ast.Call(func=ast.Name(id="range")):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in PRIVATE_ITERABLES and all(_is_private(each, private) for each in iterable.args)
    return isinstance(iterable, _MADE_HERE) or iterable in private
