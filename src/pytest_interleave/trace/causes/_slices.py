"""Backward slices by statements: what a line of a program depends on according to its source.

A line depends on the assignments of its local variables, the conditions that lead to it, and what the functions return
that it calls. Functions are known by their names alone, so a slice has rather too much than too little.
"""

from __future__ import annotations

import ast
import builtins
import queue
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Any

from ...control import Place
from ._sources import tree_of

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Statements whose bodies depend on their heads; that of a `with`, because of the lock that is held.
_HEADS = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Match)
_EXITS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


#: Names that usually belong to functions and methods of Python's own.
_BUILT_IN = frozenset(
    name
    for owner in (builtins, list, dict, set, str, bytes, deque, OrderedDict, threading.Thread, queue.Queue)
    for name in dir(owner)
)


class _Function:
    """A function, or the statements of a file that are in no function."""

    def __init__(self, name: str, parent: _Function | None, parameters: frozenset[str]) -> None:
        self.name = name
        self.parent = parent
        self.parameters = parameters
        self.bindings: dict[str, list[_Statement]] = {}
        self.returns: list[_Statement] = []
        #: Conditions under which the function, or a loop in it, is left early.
        self.exits: list[_Statement] = []


class _Statement:
    """A statement; for one that has others in it, its head."""

    def __init__(self, node: ast.stmt, filename: str, function: _Function, conditions: tuple[_Statement, ...]) -> None:
        self.filename = filename
        self.function = function
        #: The conditions under which it is run at all.
        self.conditions = conditions
        self.first = node.lineno
        body: list[ast.AST] = [*getattr(node, "body", ()), *getattr(node, "cases", ())]
        end = node.end_lineno or node.lineno
        self.last = max(node.lineno, min([end, *(_first_line(inner) - 1 for inner in body)]))
        self.reads: set[str] = set()
        #: All names through which something is called, or may be, such as that of a property.
        self.mentions: set[str] = set()
        self.binds: set[str] = set()
        #: The names of what is certainly called.
        self.calls: set[str] = set()
        called: set[ast.AST] = set()
        for part in _own_parts(node):
            for each in ast.walk(part):
                if isinstance(each, ast.Call):
                    called.add(each.func)
                elif isinstance(each, ast.Name):
                    (self.reads if isinstance(each.ctx, ast.Load) else self.binds).add(each.id)
                elif isinstance(each, ast.Attribute):
                    self.mentions.add(each.attr)
                self.mentions.update(_called_unnamed(each))
        self.calls = {
            each.id if isinstance(each, ast.Name) else each.attr
            for each in called
            if isinstance(each, (ast.Name, ast.Attribute))
        }
        self.mentions.update(_called_unnamed(node))
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self.reads.add(node.target.id)
        self.mentions |= self.reads

    @property
    def lines(self) -> range:
        return range(self.first, self.last + 1)


#: The special methods that built-in functions, operators and statements call.
_OF_BUILTINS = {name: f"__{name}__" for name in "abs bool bytes float format hash int iter len next repr str".split()}
_OF_OPERATORS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.In: ("__contains__",), ast.NotIn: ("__contains__",), ast.Eq: ("__eq__",), ast.NotEq: ("__ne__", "__eq__"),
    ast.Lt: ("__lt__", "__gt__"), ast.Gt: ("__gt__", "__lt__"), ast.LtE: ("__le__", "__ge__"),
    ast.GtE: ("__ge__", "__le__"), ast.Add: ("__add__", "__iadd__"), ast.Sub: ("__sub__", "__isub__"),
    ast.Mult: ("__mul__", "__imul__"), ast.BitOr: ("__or__", "__ior__"), ast.BitAnd: ("__and__", "__iand__"),
    ast.Subscript: ("__getitem__", "__setitem__", "__delitem__"), ast.With: ("__enter__", "__exit__"),
    ast.For: ("__iter__", "__next__"), ast.comprehension: ("__iter__", "__next__"),
    ast.If: ("__bool__", "__len__"), ast.While: ("__bool__", "__len__"), ast.Not: ("__bool__", "__len__"),
    ast.Assert: ("__bool__", "__len__"),
}  # fmt: skip


def _called_unnamed(node: ast.AST) -> tuple[str, ...]:
    """Return the special methods that a node of the syntax tree may call."""
    if isinstance(node, ast.Name):
        return (_OF_BUILTINS[node.id],) if node.id in _OF_BUILTINS else ()
    return _OF_OPERATORS.get(type(node), ())


def _first_line(node: ast.AST) -> int:
    # A case has no line of its own; a decorated definition begins with its decorators.
    parts: list[Any] = [getattr(node, "pattern", node), *getattr(node, "decorator_list", ())]
    return min(int(part.lineno) for part in parts)


def _own_parts(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield the parts of a statement that are not statements themselves."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.match_case):
            yield child.pattern
            if child.guard is not None:
                yield child.guard
        elif not isinstance(child, (ast.stmt, ast.ExceptHandler)):
            yield child


class _File:
    """The statements of one source file, by line and by the names in them."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self.by_line: dict[int, _Statement] = {}
        self.functions: dict[str, list[_Function]] = {}
        self.mentioning: dict[str, list[_Statement]] = {}
        self.calling: dict[str, list[_Statement]] = {}
        tree = tree_of(filename)
        if tree is None:
            # There is no source, or it is not Python: nothing is known of the file.
            return
        try:
            self._add_all(tree.body, _Function("<module>", None, frozenset()), ())
        except RecursionError:
            self.by_line.clear()

    def _add_all(self, nodes: Iterable[ast.stmt], function: _Function, conditions: tuple[_Statement, ...]) -> None:
        for node in nodes:
            self._add(node, function, conditions)

    def _add(self, node: ast.stmt, function: _Function, conditions: tuple[_Statement, ...]) -> None:
        if isinstance(node, _FUNCTIONS):
            arguments = (each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg))
            inner = _Function(node.name, function, frozenset(arguments) - {"self", "cls"})
            self.functions.setdefault(node.name, []).append(inner)
            self._add_all(node.body, inner, ())
            return
        if isinstance(node, ast.ClassDef):
            # The names of a class are no variables of its methods.
            self._add_all(node.body, function, conditions)
            return
        statement = _Statement(node, self._filename, function, conditions)
        for line in statement.lines:
            self.by_line[line] = statement
        for name in statement.binds:
            function.bindings.setdefault(name, []).append(statement)
        for name in statement.mentions:
            self.mentioning.setdefault(name, []).append(statement)
        for name in statement.calls:
            self.calling.setdefault(name, []).append(statement)
        # A value that is assigned to `_` stands for something that the source does not show.
        if (
            isinstance(node, ast.Return)
            or "_" in statement.binds
            or any(isinstance(each, (ast.Yield, ast.YieldFrom)) for part in _own_parts(node) for each in ast.walk(part))
        ):
            function.returns.append(statement)
        self._add_inner(node, statement, conditions)

    def _add_inner(self, node: ast.stmt, statement: _Statement, conditions: tuple[_Statement, ...]) -> None:
        function = statement.function
        within = (*conditions, statement) if isinstance(node, _HEADS) else conditions
        if isinstance(node, ast.If) and any(isinstance(each, _EXITS) for each in ast.walk(node)):
            function.exits.append(statement)
        for field in ("body", "orelse", "finalbody"):
            self._add_all(getattr(node, field, ()), function, within)
        for case in getattr(node, "cases", ()):
            self._add_all(case.body, function, within)
        tried = [
            self.by_line[each.lineno]
            for each in (getattr(node, "body", ()) if getattr(node, "handlers", ()) else ())
            if each.lineno in self.by_line
        ]
        for handler in getattr(node, "handlers", ()):
            self._add_all(handler.body, function, (*conditions, *tried))


class Slices:
    """Slices of a program that consists of the given source files."""

    def __init__(self, filenames: Iterable[str]) -> None:
        self._files = {filename: _File(filename) for filename in filenames}
        known = {name for file in self._files.values() for name in file.functions}
        #: Calls under names that no function has, such as calls of callbacks.
        self._of_unknown = [
            statement
            for file in self._files.values()
            for name, statements in file.calling.items()
            if name not in known and name not in _BUILT_IN
            for statement in statements
        ]

    def statement_at(self, filename: str, line: int) -> _Statement | None:
        """Return the statement at a line; None if it is not known."""
        file = self._files.get(filename)
        return None if file is None else file.by_line.get(line)

    def depends_on(self, statement: _Statement) -> Iterator[_Statement]:
        """Yield the statements that decide what a statement does, and whether it is run; not what these depend on."""
        function = statement.function
        yield from statement.conditions
        yield from function.exits
        callers = list(self.mentioning(function.name))
        if any(function.name not in caller.calls for caller in callers):
            callers += self._of_unknown
        for caller in callers:
            yield from caller.conditions
            yield from caller.function.exits
        if statement.reads & function.parameters:
            yield from callers
        for name in statement.reads:
            yield from _bindings(name, function)
        for name in statement.mentions:
            for file in self._files.values():
                for called in file.functions.get(name, ()):
                    yield from called.returns

    def lines_behind(self, filename: str, line: int) -> set[int]:
        """Return the lines of a function on which one of them depends by its variables and conditions, and that one."""
        statement = self.statement_at(filename, line)
        waiting = [] if statement is None else [statement]
        found: set[int] = {line}
        while waiting:
            statement = waiting.pop()
            found.update(statement.lines)
            bindings = (each for name in statement.reads for each in statement.function.bindings.get(name, ()))
            waiting.extend(each for each in (*statement.conditions, *bindings) if each.first not in found)
        return found

    def mentioning(self, name: str) -> Iterator[_Statement]:
        """Yield the statements that have a name, also that of an attribute."""
        for file in self._files.values():
            yield from file.mentioning.get(name, ())


def _bindings(name: str, function: _Function | None) -> Iterator[_Statement]:
    """Yield the assignments of a variable: in the function, or in the next one around it that has any."""
    while function is not None:
        if name in function.bindings:
            yield from function.bindings[name]
            return
        function = function.parent


def lines_behind(place: Place) -> set[int]:
    """Return the lines of a function on which a line depends by its variables and conditions, and that line."""
    return Slices((place.filename,)).lines_behind(place.filename, place.lineno)
