"""The source around a step: the object of a method's call, the loop that it is in."""

from __future__ import annotations

import ast
import functools
import linecache
import re
from collections.abc import Iterator

from ...control import Place

#: At most this many characters; a longer expression is not used as a name.
_LONGEST = 30


@functools.lru_cache(maxsize=64)
def tree_of(filename: str) -> ast.Module | None:
    """Return the syntax tree of a file; None without the source."""
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError, RecursionError):
        return None


def receiver_at(place: Place, method: str) -> str:
    """Return the expression whose method is called at a line: "self.jobs"; empty if there are several, or none."""
    return _receivers(place.filename).get((place.lineno, method), "")


def in_loop_over(first: Place, last: Place) -> bool:
    """Whether `first` is where a `for` statement gets its next item, and `last` is in the body of that statement."""
    return any(
        line == first.lineno and begin <= last.lineno <= end and first[::2] == last[::2]
        for line, begin, end in _loops(first.filename)
    )


def repeats_in_loop(place: Place) -> bool:
    """Whether a line is in the body of a `for` statement."""
    return any(begin <= place.lineno <= end for _, begin, end in _loops(place.filename))


def loop_around(place: Place) -> int | None:
    """Return the line of the innermost `for` statement in whose body a line is; None if there is none."""
    return max((line for line, begin, end in _loops(place.filename) if begin <= place.lineno <= end), default=None)


def end_of_loop(place: Place) -> int:
    """Return the last line of the loop whose head is at a line, or that line."""
    return _ends_of_loops(place.filename).get(place.lineno, place.lineno)


def redirected_at(place: Place) -> str:
    """Return the stream of the process that a line's `with` statement redirects: "sys.stdout"; empty if none."""
    return next((name for name, begin, end in _redirections(place.filename) if begin <= place.lineno <= end), "")


def context_at(place: Place) -> str:
    """Return the expression of the only context manager that a line enters: "self.lock"; empty if it is no plain one.

    An attribute of `self` is named by the class, if that is known.
    """
    text = _contexts(place.filename).get(place.lineno, "") or receiver_at(place, "acquire")
    owner = place.function.rpartition(".")[0].rpartition(".")[2]
    if text.startswith("self.") and owner.isidentifier():
        return owner + text.removeprefix("self")
    return text


def enters_context(place: Place) -> bool:
    """Whether a line enters a `with` statement."""
    return any(place.lineno == node.lineno for node in _withs(place.filename))


def leaves_context(place: Place, before: Place) -> bool:
    """Whether a line leaves a `with` statement that `before` is in: the line of its end is that of its beginning."""
    return any(
        node.lineno <= place.lineno < node.body[0].lineno <= before.lineno <= (node.end_lineno or node.lineno)
        for node in _withs(place.filename)
    )


def has_variable_index(expression: str) -> bool:
    """Whether an expression has an item whose key is a variable: "self.locks[i]"."""
    return re.search(r"\[[^\W\d]", expression) is not None


def calls_argument(place: Place, last: int) -> bool:
    """Whether a function calls one of its arguments in its lines from a place to line `last`."""
    name = place.function.rpartition(".")[2]
    return any(
        name == function and begin <= place.lineno <= end and place.lineno <= line <= last
        for function, begin, end, line in _calls_of_arguments(place.filename)
    )


@functools.lru_cache(maxsize=64)
def _calls_of_arguments(filename: str) -> tuple[tuple[str, int, int, int], ...]:
    """Return, for each call of an argument in a file, the function's name and lines, and the line of the call."""
    tree = tree_of(filename)
    found = []
    for function in () if tree is None else ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
            end = function.end_lineno or function.lineno
            found += [
                (function.name, function.lineno, end, node.lineno)
                for node in _own_nodes(function)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
            ]
    return tuple(found)


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body that are in no function within it, such as one that decorates another."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield node
            yield from _own_nodes(node)


@functools.lru_cache(maxsize=64)
def _ends_of_loops(filename: str) -> dict[int, int]:
    tree = tree_of(filename)
    nodes = () if tree is None else ast.walk(tree)
    return {each.lineno: each.end_lineno or each.lineno for each in nodes if isinstance(each, (ast.For, ast.While))}


@functools.lru_cache(maxsize=64)
def _contexts(filename: str) -> dict[int, str]:
    return {
        node.lineno: ast.unparse(node.items[0].context_expr)
        for node in _withs(filename)
        if len(node.items) == 1 and _is_path(node.items[0].context_expr)
    }


@functools.lru_cache(maxsize=64)
def _redirections(filename: str) -> tuple[tuple[str, int, int], ...]:
    return tuple(
        (f"sys.{name}", node.lineno, node.end_lineno or node.lineno)
        for node in _withs(filename)
        for name in ("stdout", "stderr")
        if any(f"redirect_{name}(" in ast.unparse(item.context_expr) for item in node.items)
    )


@functools.lru_cache(maxsize=64)
def _withs(filename: str) -> tuple[ast.With, ...]:
    tree = tree_of(filename)
    return tuple(node for node in (() if tree is None else ast.walk(tree)) if isinstance(node, ast.With))


@functools.lru_cache(maxsize=64)
def _receivers(filename: str) -> dict[tuple[int, str], str]:
    found: dict[tuple[int, str], set[str]] = {}
    tree = tree_of(filename)
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            key = node.func.end_lineno or node.lineno, node.func.attr
            found.setdefault(key, set()).add(ast.unparse(node.func.value) if _is_path(node.func.value) else "")
    single = {key: next(iter(names)) for key, names in found.items() if len(names) == 1}
    return {key: name for key, name in single.items() if len(name) <= _LONGEST}


def _is_path(node: ast.expr) -> bool:
    """Whether an expression is a name, or an attribute or item that is reached through names."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Name)


@functools.lru_cache(maxsize=64)
def _loops(filename: str) -> tuple[tuple[int, int, int], ...]:
    """Return the line of the iterable of each `for` statement, and the first and the last line of its body."""
    tree = tree_of(filename)
    return tuple(
        (node.iter.lineno, node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno)
        for node in (() if tree is None else ast.walk(tree))
        if isinstance(node, (ast.For, ast.AsyncFor))
    )
