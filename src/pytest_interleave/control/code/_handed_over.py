"""Where a file may hand over functions written in C that touch the program's objects: `handler.emit = items.append`.

Only a program that does so has methods written in C called by the standard library. All others need not be watched
for that. An answer that is wrongly yes costs time; one that is wrongly no costs steps.
"""

from __future__ import annotations

import array
import ast
import bisect
import builtins
import collections
import contextvars
import heapq
import io
import itertools
import operator
import types
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import NamedTuple

_KINDS = (
    list, dict, set, array.array, collections.deque, collections.OrderedDict, collections.defaultdict, itertools.count,
    itertools.cycle, contextvars.Context, contextvars.ContextVar, io.BytesIO, io.StringIO, io.TextIOWrapper, io.FileIO,
    io.BufferedReader, io.BufferedWriter, io.BufferedRandom, types.GeneratorType,
)  # fmt: skip
_WRITTEN_IN_C = (types.MethodDescriptorType, types.WrapperDescriptorType)
#: The names of methods written in C of objects that can change. `queue.SimpleQueue` has a stand-in, so its names are
#: given here.
METHODS = frozenset(
    name for kind in _KINDS for name, value in vars(kind).items() if type(value) in _WRITTEN_IN_C
) | frozenset(("put", "put_nowait", "get_nowait"))
#: Such names that are common for attributes with data, too.
_LIKE_DATA = frozenset(("count", "index", "items", "keys", "values"))
_MODULES: Mapping[str, frozenset[str]] = {
    module.__name__: frozenset(name for name, value in vars(module).items() if type(value) is types.BuiltinFunctionType)
    for module in (bisect, builtins, heapq, operator)
}
#: Functions whose results are called, or are called with what is handed over, by code written in C.
_MAKERS = frozenset(("attrgetter", "cache", "itemgetter", "lru_cache", "methodcaller", "partial", "partialmethod"))
_CACHES = frozenset(("cache", "lru_cache"))
#: What calls its arguments, or uses them, at once or in code written in C, and keeps none of them to be called.
_USING = (
    _MODULES["builtins"]
    | frozenset("bool bytes enumerate filter float frozenset int list map range reversed set str tuple zip".split())
    | frozenset(("property", "Thread"))
) - frozenset(("__build_class__", "getattr", "next", "setattr"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
#: Expressions and statements that pass the value of any of their parts on.
_PASSING = (
    ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Return, ast.Yield, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Lambda,
    ast.BoolOp, ast.Starred, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp, ast.arguments,
)  # fmt: skip
#: Decorators of functions that run only when they are called.
_HARMLESS = frozenset(
    "abstractmethod cached_property classmethod contextmanager override property setter staticmethod".split()
)
#: What the names of functions begin with that pytest or unittest calls before a test is under control.
_BEFORE = ("pytest_", "setup", "setUp", "asyncSetUp")


class HandedOver(NamedTuple):
    """Where a file may hand over functions written in C."""

    #: Whether it may do so before any of its code is watched: where it is imported, or a test is set up.
    early: bool
    #: The lines where its functions may do so.
    lines: frozenset[int]

    def by(self, code: CodeType) -> bool:
        """Whether something may have been handed over when `code`, of this file, has run."""
        if self.early or not self.lines:
            return self.early
        first, last = code.co_firstlineno, _last_line(code)
        return any(first <= line <= last for line in self.lines)


NOTHING_HANDED_OVER = HandedOver(early=False, lines=frozenset())


def handed_over(tree: ast.Module) -> HandedOver:
    """Return where a file may hand over functions written in C."""
    return _File(tree).run()


class _Around(NamedTuple):
    """The definitions that an expression is in; None if it is in none."""

    #: The outermost function or class, the outermost function, and the innermost function or class.
    top: ast.AST | None = None
    function: ast.AST | None = None
    nearest: ast.AST | None = None


class _File:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        #: The functions written in C that the file imports by name, and the modules that have such functions.
        self._imported = set(_MODULES["builtins"])
        self._modules: dict[str, frozenset[str]] = {}
        #: The functions that the file defines, those of them with a cache, and the attributes that it assigns.
        self._defined: set[str] = set()
        self._cached: set[str] = set()
        self._assigned: set[str] = set()
        #: The names that are used other than to be called, and those that code outside functions uses.
        self._values: set[str] = set()
        self._early: set[str] = set()
        self._found: list[tuple[ast.expr, ast.AST, _Around]] = []

    def run(self) -> HandedOver:
        for parent, node, around in _walk(self._tree):
            if isinstance(node, ast.Attribute):
                self._attribute(parent, node, around)
            elif isinstance(node, ast.Name):
                self._name(parent, node, around)
            elif isinstance(node, ast.Call):
                if _last_name(node.func) in _MAKERS or _last_name(node.func) == "getattr":
                    self._add(parent, node, around)
            elif isinstance(node, (ast.Global, ast.Nonlocal)):
                self._values.update(node.names)
            elif isinstance(node, ast.ImportFrom):
                known = _MODULES.get((node.module or "").lstrip("_"), frozenset())
                self._imported.update(each.asname or each.name for each in node.names if each.name in known)
            elif isinstance(node, ast.Import):
                for each in node.names:
                    if each.name in _MODULES:
                        self._modules[each.asname or each.name] = _MODULES[each.name]
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._defined.add(node.name)
                if any(_last_name(each) in _CACHES for each in node.decorator_list):
                    self._cached.add(node.name)
        early = False
        lines = set()
        for node, parent, around in self._found:
            if self._is_handed_over(node, parent, around):
                early = early or self._runs_early(around)
                lines.add(node.lineno)
        return HandedOver(early, frozenset(lines))

    def _attribute(self, parent: ast.AST, node: ast.Attribute, around: _Around) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._assigned.add(node.attr)
        elif node.attr in METHODS or isinstance(node.value, ast.Name):
            self._add(parent, node, around)

    def _name(self, parent: ast.AST, node: ast.Name, around: _Around) -> None:
        if not isinstance(node.ctx, ast.Load):
            if isinstance(around.nearest, ast.ClassDef):
                self._assigned.add(node.id)
            return
        if around.function is None:
            self._early.add(node.id)
        if not (isinstance(parent, ast.Call) and parent.func is node):
            self._values.add(node.id)
            self._add(parent, node, around)

    def _add(self, parent: ast.AST, node: ast.expr, around: _Around) -> None:
        if _passes_on(parent, node):
            self._found.append((node, parent, around))

    def _is_handed_over(self, node: ast.expr, parent: ast.AST, around: _Around) -> bool:
        if isinstance(node, ast.Name):
            if node.id not in self._imported and node.id not in self._cached:
                return False
        elif isinstance(node, ast.Attribute):
            if node.attr in METHODS:
                if node.attr in _LIKE_DATA and node.attr in self._assigned:
                    return False
            elif not isinstance(node.value, ast.Name) or node.attr not in self._modules.get(node.value.id, ()):
                return False
        elif isinstance(node, ast.Call) and not self._makes(node):
            return False
        if isinstance(parent, ast.Assign) and isinstance(around.nearest, _FUNCTIONS):
            # A shorter name for calls: `append = items.append`.
            return any(not isinstance(each, ast.Name) or each.id in self._values for each in parent.targets)
        return True

    def _makes(self, call: ast.Call) -> bool:
        """Whether a call may make a function written in C, or find one."""
        name = _last_name(call.func)
        given = call.args
        if name == "getattr":
            wanted = given[1] if len(given) > 1 else None
            return not isinstance(wanted, ast.Constant) or wanted.value in METHODS
        if name in _CACHES:
            return any(not isinstance(each, ast.Constant) for each in given)
        if name.startswith("partial") and given:
            return not isinstance(given[0], ast.Lambda) and _last_name(given[0]) not in self._defined - self._cached
        return True

    def _runs_early(self, around: _Around) -> bool:
        function = around.function
        if function is None or getattr(around.top, "name", "") in self._early:
            return True
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        return function.name.startswith(_BEFORE) or any(
            _last_name(each) not in _HARMLESS and "mark" not in _names(each) for each in function.decorator_list
        )


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.AST, _Around]]:
    """Yield each node, with its parent and the definitions that it is in."""
    waiting: list[tuple[ast.AST, ast.AST, _Around]] = [(tree, each, _Around()) for each in tree.body]
    while waiting:
        parent, node, around = waiting.pop()
        yield parent, node, around
        inside = around
        body: list[ast.AST] = []
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            is_function = isinstance(node, _FUNCTIONS)
            inside = _Around(around.top or node, around.function or (node if is_function else None), node)
            body = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
        elif isinstance(node, ast.If) and around.top is None and "__name__" in _names(node.test):
            # It runs as a script only.
            continue
        of_body = set(map(id, body))
        # An argument given by name belongs to the call.
        above = parent if isinstance(node, ast.keyword) else node
        waiting += [(above, each, inside if id(each) in of_body else around) for each in ast.iter_child_nodes(node)]


def _passes_on(parent: ast.AST, node: ast.expr) -> bool:
    """Whether `parent` passes the value of its part `node` on, rather than to use it at once."""
    if isinstance(parent, ast.Call):
        is_named = isinstance(parent.func, ast.Attribute) and parent.func.attr in ("sort", "Thread")
        is_used = is_named or (isinstance(parent.func, ast.Name) and parent.func.id in _USING)
        return parent.func is not node and not is_used
    if isinstance(parent, ast.IfExp):
        return parent.test is not node
    return isinstance(parent, _PASSING)


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _names(node: ast.AST) -> set[str]:
    return {_last_name(each) for each in ast.walk(node) if isinstance(each, (ast.Attribute, ast.Name))}


def _last_line(code: CodeType) -> int:
    own = max((line for _, _, line in code.co_lines() if line is not None), default=code.co_firstlineno)
    return max([own, *(_last_line(each) for each in code.co_consts if isinstance(each, CodeType))])
