"""What cannot be used by several workers at once: it changes, or looks at, the state of the whole process."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any

import pytest

from ...control.scope import is_module, namespace_of_module

#: Fixtures that the body of a test must not use from several workers, and why.
UNSAFE_FIXTURES = {
    **dict.fromkeys(("capsys", "capsysbinary", "capteesys", "capfd", "capfdbinary"), "there is one standard output"),
    "benchmark": "there is one measurement",
    "caplog": "there is one list of log records",
    "recwarn": "there is one list of warnings",
    "monkeypatch": "what it patches is patched, and put back,",
    "mocker": "what it patches is patched, and put back,",
    "pytester": "there is one current directory",
    "testdir": "there is one current directory",
}

#: Functions and classes, by module: where the body of a test uses one, its workers would disturb each other.
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
#: Of `unittest.TestCase`.
_UNSAFE_METHODS = ("assertWarns", "assertWarnsRegex", "assertLogs", "assertNoLogs")
_HOMES = {("_pytest.recwarn", name): ("pytest", name) for name in ("warns", "deprecated_call")}


def unsafe_fixture(item: pytest.Function) -> str | None:
    """The first fixture that the body of a test uses and that its workers cannot share."""
    return next((name for name in item._fixtureinfo.argnames if name in UNSAFE_FIXTURES), None)


def refuse(nodeid: str, name: str) -> str:
    """What is said of a test that uses such a fixture."""
    return (
        f"{nodeid}: its body uses the fixture {name!r} and cannot be run by several workers at once: "
        f"{UNSAFE_FIXTURES[name]} for all of them together. Let a fixture of your own use it before the workers start, "
        "or mark the test thread_unsafe(reason=...)"
    )


def unsafe_call(item: pytest.Function) -> str | None:
    """The first thing that the body of a test calls, by its name, that works on the whole process."""
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
    """Of globals and attributes, in a function and those defined in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
