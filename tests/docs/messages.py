"""The texts of all errors and warnings of the plugin, from its source.

A text is what is given to one of the calls in `SINKS`. It is followed through variables, constants, functions and
generators by their names, so that a text which another module composes is found, too.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .pages import ROOT

SOURCE = ROOT / "src" / "pytest_interleave"
#: Calls that give a text to the user, and what they put in front of it.
SINKS = {
    "UsageError": "",
    "InterleaveWarning": "",
    "fail": "",
    "wrong_marker": "@… ",
    "wrong_argument": "@…(…=…): ",
    "error": "@…(…=…): ",
    "Diagnosis": "",
    "EndlessWait": "",
    "TimeoutError": "",
    "HungProcess": "",
    "warn": "",
    "warn_explicit": "",
    "_group": "",
    "_skip": "",
    "TokenError": "",
    "add_note": "",
    "_note": "",
}
#: Calls of the above that are given the text first, and not last.
_FIRST = {"Diagnosis", "EndlessWait", "warn", "warn_explicit", "_group"}
#: Functions whose texts get to the user by an attribute, so that they are not followed.
SOURCES = {
    "describe_blocked",
    "describe_difference",
    "describe_failed_repetition",
    "describe_lost",
    "describe_nondeterminism",
    "describe_not_followed",
    "describe_other_python",
    "describe_state_left",
    "describe_threads_of_others",
    "hints",
    "note_no_choice",
    "warnings",
    "write_reports",
    "hung_text",
    "unchecked",
    "unusable_pins",
    "_ended",
    "_look_at_long",
}
#: So are these constants and attributes.
VARIABLES = {"OUT_OF_SIGHT", "trouble"}
#: Errors of the plugin's own code.
INTERNAL = {"seconds have a unit"}
#: Folders of stand-ins, which raise what the standard library does.
STAND_INS = ("control/primitives", "control/threads", "control/clocks", "control/system", "_lazy.py")
#: Stands for a part that is filled in.
GAP = "…"
_DEPTH = 6


class Message(NamedTuple):
    """A text, and the file that has it."""

    text: str
    file: str

    @property
    def parts(self) -> list[str]:
        """The texts between what is filled in."""
        return [part.strip() for part in self.text.split(GAP) if part.strip()]


class _Module:
    """One file, and what its names stand for."""

    def __init__(self, path: Path) -> None:
        self.file = path.relative_to(SOURCE).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.inside: dict[int, ast.FunctionDef] = {}
        for function in ast.walk(self.tree):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    self.inside[id(node)] = function


class Messages:
    """All texts of the package."""

    def __init__(self) -> None:
        self._modules = [_Module(path) for path in sorted(SOURCE.rglob("*.py"))]
        self._functions: dict[str, list[tuple[_Module, ast.FunctionDef]]] = defaultdict(list)
        self._constants: dict[str, list[tuple[_Module, ast.expr]]] = defaultdict(list)
        for module in self._modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef):
                    self._functions[node.name].append((module, node))
            for statement in module.tree.body:
                for name, value in _assigned(statement):
                    self._constants[name].append((module, value))

    def __iter__(self) -> Iterator[Message]:
        """Yield each text once, with its lines joined."""
        seen = set()
        for module in self._modules:
            for node in ast.walk(module.tree):
                prefix = SINKS.get(_name(node.func), "") if isinstance(node, ast.Call) else ""
                for expression in self._given(module, node):
                    for text in self._texts(module, expression, _DEPTH):
                        message = Message(_flat(prefix + text), module.file)
                        if any(" " in part for part in message.parts) and message.text not in seen | INTERNAL:
                            seen.add(message.text)
                            yield message

    def _given(self, module: _Module, node: ast.AST) -> Iterator[ast.expr]:
        """Yield what is given to the user here."""
        if module.file.startswith(STAND_INS):
            return
        if isinstance(node, ast.Call) and _name(node.func) in SINKS:
            yield from node.args[:1] if _name(node.func) in _FIRST else node.args[-1:]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and _target(node) in VARIABLES and node.value is not None:
            yield node.value
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            if _name(node.exc.func) not in SINKS:
                yield from node.exc.args[:1]
        elif isinstance(node, ast.FunctionDef) and node.name in SOURCES:
            yield from _results(node)
            yield from (value for statement in ast.walk(node) for name, value in _assigned(statement) if name == "text")

    def _texts(self, module: _Module, node: ast.expr, depth: int) -> Iterator[str]:
        """Yield all texts that an expression may be."""
        if not depth:
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from self._joined(module, node, depth)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from _sums(list(self._texts(module, node.left, depth)), list(self._texts(module, node.right, depth)))
        elif isinstance(node, (ast.IfExp, ast.BoolOp)):
            for part in node.values if isinstance(node, ast.BoolOp) else (node.body, node.orelse):
                yield from self._texts(module, part, depth)
        elif isinstance(node, (ast.Tuple, ast.List)):
            for part in node.elts:
                yield from self._texts(module, part, depth)
        elif isinstance(node, (ast.Starred, ast.YieldFrom, ast.Subscript)):
            yield from self._texts(module, node.value, depth)
        elif isinstance(node, ast.Dict):
            for part in node.values:
                yield from self._texts(module, part, depth)
        elif isinstance(node, ast.GeneratorExp):
            yield from self._texts(module, node.elt, depth)
        elif isinstance(node, ast.Name):
            yield from self._named(module, node, depth)
        elif isinstance(node, ast.Call):
            for where, function in self._functions[_name(node.func)]:
                for result in _results(function):
                    yield from self._texts(where, result, depth - 1)

    def _joined(self, module: _Module, node: ast.JoinedStr, depth: int) -> Iterator[str]:
        found = [""]
        for part in node.values:
            texts = [GAP]
            if isinstance(part, ast.Constant):
                texts = [str(part.value)]
            elif isinstance(part, ast.FormattedValue) and not isinstance(part.value, ast.Attribute):
                texts = (list(self._texts(module, part.value, depth - 1)) if _is_text(node, part.value) else []) or [
                    GAP
                ]
            found = list(_sums(found, texts))[:40]
        yield from found

    def _named(self, module: _Module, node: ast.Name, depth: int) -> Iterator[str]:
        function = module.inside.get(id(node))
        local = [
            value
            for statement in (ast.walk(function) if function else ())
            for name, value in _assigned(statement)
            if name == node.id
        ]
        for value in local:
            yield from self._texts(module, value, depth - 1)
        if not local:
            for where, value in self._constants[node.id]:
                yield from self._texts(where, value, depth - 1)


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a statement assigns, with their values: also the name of a loop, with what it is over."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        yield node.targets[0].id, node.value
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and isinstance(node.target, ast.Name) and node.value:
        yield node.target.id, node.value
    elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.target, ast.Name):
        yield node.target.id, node.iter


def _results(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield what a function returns or yields, or puts into a list that it returns."""
    for node in ast.walk(function):
        if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)) and node.value is not None:
            yield node.value
        elif isinstance(node, ast.Call) and _name(node.func) == "append":
            yield from node.args
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            yield node.targets[0].slice


def _name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    return _name(node.targets[0] if isinstance(node, ast.Assign) else node.target)


def _is_text(whole: ast.JoinedStr, part: ast.expr) -> bool:
    """Whether a part of a text is followed, not taken for a name or a value."""
    if isinstance(part, ast.IfExp):
        return True
    if isinstance(part, ast.Call):
        return _name(part.func).startswith(("describe", "_advice"))
    return not any(len(str(constant.value)) > 3 for constant in whole.values if isinstance(constant, ast.Constant))


def _sums(first: list[str], second: list[str]) -> Iterator[str]:
    for one in first:
        for other in second:
            yield one + other


def _flat(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    for message in Messages():
        print(f"{message.file}: {message.text}")
