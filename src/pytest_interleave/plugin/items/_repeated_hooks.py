"""Shortens pytest's hooks for a test whose fixtures are made many times: what cannot change is looked up once.

A hook that only pytest itself implements is not called. What a plugin or conftest implements is always called.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest

#: pytest's own plugins that take part in making a fixture, two of them only for `--setup-show` and its kin.
_PYTESTS_OWN = frozenset(("fixtures", "python", "setuponly", "setupplan"))


@contextlib.contextmanager
def hooks_found_once(item: pytest.Item) -> Iterator[None]:
    """Let pytest look up once which conftests have hooks for the test, as long as the context is entered."""
    session = item.session
    path, find = item.path, session.gethookproxy
    proxy = _FixtureHooks(item.ihook) if alone_with_fixtures(item) else item.ihook

    def gethookproxy(fspath: Any) -> Any:
        return proxy if fspath is path else find(fspath)

    session.gethookproxy = gethookproxy  # type: ignore[method-assign]
    try:
        yield
    finally:
        del session.gethookproxy


def alone_with_call(item: pytest.Function) -> bool:
    """Whether no other plugin implements the hook that calls the test function."""
    return type(item).runtest is pytest.Function.runtest and _only(item.ihook.pytest_pyfunc_call, {"python"})


def alone_with_fixtures(item: pytest.Item) -> bool:
    """Whether no other plugin implements the hooks that make and end fixtures."""
    hooks = item.ihook
    return (
        not item.config.getoption("setupshow", False)
        and _only(hooks.pytest_fixture_setup, _PYTESTS_OWN)
        and _only(hooks.pytest_fixture_post_finalizer, _PYTESTS_OWN)
    )


def _only(hook: Any, plugins: frozenset[str] | set[str]) -> bool:
    return all(implementation.plugin_name in plugins for implementation in hook.get_hookimpls())


class _FixtureHooks:
    """The hooks for a test, if only pytest itself implements those that make and end fixtures."""

    def __init__(self, hooks: Any) -> None:
        self._hooks = hooks
        self._plain: dict[Any, Callable[..., Any] | None] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._hooks, name)
        setattr(self, name, found)
        return found

    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Any:
        """Make a fixture as pytest does; how a plain function is called is not looked up again."""
        try:
            function = self._plain[fixturedef]
        except KeyError:
            function = self._plain[fixturedef] = plain_function(fixturedef)
        if function is None:
            return self._hooks.pytest_fixture_setup(fixturedef=fixturedef, request=request)
        key = fixturedef.cache_key(request)
        return make_fixture(fixturedef, key, lambda: function(**_arguments(fixturedef, request)))

    def pytest_fixture_post_finalizer(self, fixturedef: Any, request: Any) -> None:
        """Do nothing: no plugin implements the hook."""


def _arguments(fixturedef: Any, request: Any) -> dict[str, Any]:
    return {name: request.getfixturevalue(name) for name in fixturedef.argnames}


def make_fixture(fixturedef: Any, key: object, make: Callable[[], Any]) -> Any:
    """Make a fixture by a call; pytest keeps its value or exception as if it had made the fixture itself."""
    try:
        value = make()
    except (Exception, pytest.fail.Exception, pytest.skip.Exception, pytest.exit.Exception) as error:
        if isinstance(error, pytest.skip.Exception):
            # The report of a skip names the test, not the fixture.
            error._use_item_location = True
        fixturedef.cached_result = (None, key, (error, error.__traceback__))
        raise
    fixturedef.cached_result = (value, key, None)
    return value


def plain_function(fixturedef: Any) -> Callable[..., Any] | None:
    """Return the function of a fixture that a mere call makes; None for all others (with `yield`, bound, async)."""
    function = fixturedef.func
    if pytest.version_tuple < (8, 3) or fixturedef.scope != "function" or not isinstance(function, FunctionType):
        # Before 8.3 pytest remembers a fixture's exception in another form.
        return None
    # A function that a decorator has made may only look like a plain one.
    decides = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    plain = not hasattr(function, "__wrapped__") and not any(is_kind(function) for is_kind in decides)
    return function if plain else None


def has_own_ends(item: Any) -> bool:
    """Whether the test has teardown code of its own: in a fixture, or in a method of xunit style."""
    definitions = item._fixtureinfo.name2fixturedefs.values()
    # With `request`, the test itself may add a finalizer.
    return "request" in item._fixtureinfo.argnames or any(
        each.scope == "function"
        and (inspect.isgeneratorfunction(each.func) or ("request" in each.argnames and not _is_parameter(each)))
        and not each.func.__module__.startswith(_NOT_OWN)
        for known in definitions
        for each in known
    )


def _is_parameter(definition: Any) -> bool:
    """Whether pytest itself has made the fixture for the value of a parameter: those for xunit style are generators."""
    return bool(definition.func.__module__ == "_pytest.python")


#: Modules of fixtures whose ends have nothing to do with threads of the test. `_pytest.python` is for xunit style.
_PYTESTS = ("tmpdir", "capture", "logging", "monkeypatch", "recwarn")
_NOT_OWN = ("pytest_interleave.", *(f"_pytest.{name}" for name in _PYTESTS))
