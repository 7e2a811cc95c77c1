"""Fixtures and functions that several workers cannot use at once: they work on the state of the whole process."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any

import pytest

from ...control.scope import is_module, namespace_of_module

#: Fixtures that the body of a test must not use from several workers, and why: the predicate of a sentence on them.
UNSAFE_FIXTURES = {
    **dict.fromkeys(("capsys", "capsysbinary", "capteesys", "capfd", "capfdbinary"), "captures one shared stdout"),
    "benchmark": "takes one shared measurement",
    "caplog": "collects one shared list of log records",
    "recwarn": "collects one shared list of warnings",
    "monkeypatch": "patches what all workers share",
    "mocker": "patches what all workers share",
    "pytester": "changes one shared current directory",
    "testdir": "changes one shared current directory",
}

#: Functions and classes, by module: if the body of a test uses one, its workers would disturb each other.
_UNSAFE_CALLS = {
    "warnings": ("catch_warnings", "simplefilter", "filterwarnings", "resetwarnings"),
    "pytest": ("warns", "deprecated_call"),
    "unittest.mock": ("patch",),
    "mock": ("patch",),
    "os": ("chdir", "fchdir", "umask"),
    "contextlib": ("redirect_stdout", "redirect_stderr", "chdir"),
    "signal": ("signal", "alarm", "setitimer"),
    "sys": ("setrecursionlimit", "setswitchinterval", "settrace", "setprofile"),
    "locale": ("setlocale",),
    "gc": ("disable", "enable"),
}
#: Methods of `unittest.TestCase` of the same kind.
_UNSAFE_METHODS = ("assertWarns", "assertWarnsRegex", "assertLogs", "assertNoLogs")
_HOMES = {("_pytest.recwarn", name): ("pytest", name) for name in ("warns", "deprecated_call")}


def unsafe_fixture(item: pytest.Function) -> str | None:
    """Return the first fixture of a test's body that its workers cannot share; None if there is none."""
    return next((name for name in item._fixtureinfo.argnames if name in UNSAFE_FIXTURES), None)


def refuse(name: str) -> str:
    """Describe why a test that uses the unsafe fixture `name` is refused, and what to do."""
    return (
        f"cannot run in several workers: {name} {UNSAFE_FIXTURES[name]}. Use it in a fixture instead, or add "
        "@pytest.mark.thread_unsafe(reason=...)"
    )


def unsafe_call(item: pytest.Function) -> str | None:
    """Return the name of something that the body of a test calls and that works on the whole process; None if none."""
    function = inspect.unwrap(item.obj)
    function = getattr(function, "__func__", function)
    if getattr(function, "patchings", None) or getattr(item.obj, "patchings", None):
        return "unittest.mock.patch"
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    names = set(_names(code))
    if hasattr(item, "_addexcinfo"):
        for name in _UNSAFE_METHODS:
            if name in names:
                return f"self.{name}"
    variables = getattr(function, "__globals__", {})
    for name in names:
        found = _unsafe(variables.get(name), names)
        if found is not None:
            return found
    return None


def _unsafe(value: Any, names: set[str]) -> str | None:
    if is_module(value):
        module = namespace_of_module(value).get("__name__", "")
        return next((f"{module}.{name}" for name in _UNSAFE_CALLS.get(module, ()) if name in names), None)
    if not issubclass(type(value), (type, FunctionType, BuiltinFunctionType)):
        return None
    home = getattr(value, "__module__", None), getattr(value, "__qualname__", getattr(value, "__name__", None))
    module, name = _HOMES.get(home, home)  # type: ignore[arg-type]
    return f"{module}.{name}" if module in _UNSAFE_CALLS and name in _UNSAFE_CALLS[module] else None


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names of globals and attributes in a function and in those defined in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
