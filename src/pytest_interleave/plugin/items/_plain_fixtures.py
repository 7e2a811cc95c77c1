"""Function-scoped fixtures made anew by mere calls: where none of them has an end, and nobody else takes part in it.

Then what pytest does to set a test up and tear it down comes to just these calls, and costs more than they do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from ..settings._fixture_marks import is_without_end
from ._repeated_hooks import make_fixture, plain_function


class _Plain(NamedTuple):
    name: str
    definition: Any
    function: Callable[..., Any]
    arguments: tuple[str, ...]


class PlainFixtures:
    """All function-scoped fixtures of an item that pytest has set up. What they need of a wider scope is kept."""

    def __init__(self, item: pytest.Function, fixtures: list[_Plain]) -> None:
        self._item = item
        self._fixtures = fixtures
        self._finalizers = _finalizers(item)
        self._expected = len(self._finalizers)

    def still_suffices(self) -> bool:
        """Whether nobody has asked to have something done at the end since."""
        return len(self._finalizers) == self._expected

    def make(self) -> None:
        """Make all of them anew."""
        item = self._item
        values = item.funcargs
        for name, definition, _, _ in self._fixtures:
            # Those of the last execution go before the first new one comes.
            values[name] = None
            definition.cached_result = (None, definition.cached_result[1], None)
        for name, definition, function, arguments in self._fixtures:
            given = {argument: values[argument] for argument in arguments if argument != "request"}
            if len(given) != len(arguments):
                given["request"] = item._request
            values[name] = make_fixture(definition, definition.cached_result[1], functools.partial(function, **given))


def plain_fixtures(item: pytest.Function) -> PlainFixtures | None:
    """The fixtures of an item that is set up, if calls suffice to make them anew; else None."""
    kind = type(item)
    if kind.setup is not pytest.Function.setup or kind.teardown is not pytest.Function.teardown:
        return None
    if isinstance(item.parent, pytest.Class) or hasattr(item, "callspec") or "request" in item._fixtureinfo.argnames:
        return None
    found: dict[str, _Plain] = {}
    definitions = item._fixtureinfo.name2fixturedefs

    def add(name: str) -> bool:
        """Whether it is a plain one, and all that it needs; they come first."""
        if name == "request" or name in found:
            return True
        if len(definitions.get(name, ())) != 1:
            return False
        (definition,) = definitions[name]
        if definition.scope != "function":
            return name in item.funcargs
        function = plain_function(definition)
        arguments = definition.argnames
        if function is None or definition.params or definition.cached_result is None:
            return False
        if "request" in arguments and not is_without_end(definition.func):
            return False
        if not all(add(argument) for argument in arguments):
            return False
        found[name] = _Plain(name, definition, function, arguments)
        return True

    if not all(add(name) for name in item.fixturenames):
        return None
    known = {item, *(fixture.definition for fixture in found.values())}
    ends = [getattr(end, "func", end) for end in _finalizers(item)]
    if not all(getattr(end, "__self__", None) in known for end in ends):
        return None
    return PlainFixtures(item, list(found.values()))


def _finalizers(item: pytest.Function) -> list[Callable[[], object]]:
    return item.session._setupstate.stack[item][0]
