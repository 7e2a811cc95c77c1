"""Files that the function which opens them keeps for itself: no other thread can use the same open file.

The usual `with open(path) as file: file.read()` is the most common case. A call of `open` counts if its result is used
at once, or is kept in a variable of the function that is only iterated over, or whose methods are called. An inner
function may not use the variable, and the open file may not be passed on, returned or stored.
"""

from __future__ import annotations

import ast
import functools
import io
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from ...scope._places import is_stdlib

#: The real function: this module is imported before it is replaced.
_real_open = io.open

#: Functions of the standard library that open a file, and keep it for themselves, by the last part of their module.
_KEEPING = {
    "pathlib": frozenset(("read_text", "read_bytes", "write_text", "write_bytes")),
    "shutil": frozenset(("copyfile",)),
}
#: Methods that give away the file, or a layer of it.
_REVEALING = frozenset(("detach", "__enter__", "__iter__"))
_USING = frozenset(("load", "dump"))
_LOOKING = frozenset(("list", "sorted", "sum", "set", "tuple", "dict", "print"))
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)


def is_kept(frame: FrameType | None) -> bool:
    """Whether the code that calls `open` in a frame keeps the file for itself, so that no other thread uses it."""
    if frame is not None and frame.f_code.co_name == "open" and _library_of(frame) == "pathlib":
        # `Path.open`.
        frame = frame.f_back
    if frame is None:
        return False
    library = _library_of(frame)
    if library:
        return frame.f_code.co_name in _KEEPING[library]
    filename = frame.f_code.co_filename
    return not is_stdlib(filename) and frame.f_lineno in _lines_of(filename)


def _library_of(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    name = name.partition(".")[0]
    return name if name in _KEEPING and is_stdlib(frame.f_code.co_filename) else ""


@functools.cache
def _lines_of(filename: str) -> frozenset[int | None]:
    """Return the lines of a source file where each file that is opened is kept."""
    try:
        with _real_open(filename, "rb") as file:
            tree = ast.parse(file.read(), filename)
    except (OSError, ValueError, SyntaxError):
        return frozenset()
    return kept_at(tree)


def kept_at(tree: ast.AST) -> frozenset[int | None]:
    """Return the lines where each file that is opened is kept by the function that opens it."""
    opened = {node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_open(node)}
    kept: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            kept.update(_kept_in(node))
    return frozenset({node.lineno for node in opened} - {node.lineno for node in opened - kept})


def _is_open(node: ast.Call) -> bool:
    function = node.func
    return (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")) == "open"


def _kept_in(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the calls of `open` in a function whose file the function keeps."""
    parents = dict(_own_nodes(function))
    by_name: dict[str, list[ast.AST]] = {}
    lost: set[str] = {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
    for node, parent in parents.items():
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            lost.update(node.names)
        elif isinstance(node, _SCOPES):
            lost.update(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                if not _keeps(node, parents):
                    lost.add(node.id)
            elif _opened_into(node, parent) is None:
                lost.add(node.id)
        elif isinstance(node, ast.Call) and _is_open(node) and _keeps(node, parents):
            yield node
    for node, parent in parents.items():
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node.id not in lost:
            opening = _opened_into(node, parent)
            if opening is not None:
                by_name.setdefault(node.id, []).append(opening)
    for openings in by_name.values():
        yield from openings


def _opened_into(node: ast.Name, parent: ast.AST) -> ast.AST | None:
    """Return the call of `open` whose result is assigned to a name; None if something else is assigned."""
    value: ast.AST | None = None
    if isinstance(parent, ast.withitem) and parent.optional_vars is node:
        value = parent.context_expr
    elif isinstance(parent, ast.Assign) and parent.targets == [node]:
        value = parent.value
    return value if isinstance(value, ast.Call) and _is_open(value) else None


def _keeps(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether the use of a file gives it to no other code that could keep it."""
    parent = parents[node]
    if isinstance(parent, ast.Attribute):
        call = parents[parent]
        return isinstance(call, ast.Call) and call.func is parent and parent.attr not in _REVEALING
    if isinstance(parent, (ast.For, ast.comprehension)):
        return parent.iter is node
    if isinstance(parent, ast.keyword):
        call = parents[parent]
        return parent.arg == "file" and isinstance(call, ast.Call) and getattr(call.func, "id", "") == "print"
    if isinstance(parent, ast.Call) and node in parent.args:
        called = parent.func
        if isinstance(called, ast.Attribute):
            return called.attr in _USING and getattr(called.value, "id", "") in ("json", "pickle", "tomllib", "marshal")
        return isinstance(called, ast.Name) and called.id in _LOOKING
    # Its methods `__enter__` and `__exit__` are called; what it is called there is another name.
    return isinstance(parent, ast.withitem) and parent.context_expr is node and parent.optional_vars is None


def _own_nodes(function: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield the nodes of a function's own body, each with its parent; an inner function is one node."""
    body: Any = getattr(function, "body", ())
    stack: list[tuple[ast.AST, ast.AST]] = [(child, function) for child in (body if isinstance(body, list) else [body])]
    while stack:
        node, parent = stack.pop()
        yield node, parent
        if not isinstance(node, _SCOPES):
            stack.extend((child, node) for child in ast.iter_child_nodes(node))
