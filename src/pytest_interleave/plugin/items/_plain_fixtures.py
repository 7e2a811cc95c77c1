"""Makes function-scoped fixtures again by mere calls, if none of them has an end and no other plugin takes part.

To set such a test up and tear it down, pytest makes just these calls, and takes longer than they do.
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
    """The function-scoped fixtures of an item that pytest has set up; fixtures of wider scopes are kept."""

    def __init__(self, item: pytest.Function, fixtures: list[_Plain]) -> None:
        self._item = item
        self._fixtures = fixtures
        self._finalizers = _finalizers(item)
        self._expected = len(self._finalizers)

    def still_suffices(self) -> bool:
        """Whether no finalizer has been added since: then calls are still enough."""
        return len(self._finalizers) == self._expected

    def make(self) -> None:
        """Make all of them again."""
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
    """Return the fixtures of an item that is set up; None if mere calls are not enough to make them again."""
    kind = type(item)
    if kind.setup is not pytest.Function.setup or kind.teardown is not pytest.Function.teardown:
        return None
    if isinstance(item.parent, pytest.Class) or hasattr(item, "callspec") or "request" in item._fixtureinfo.argnames:
        return None
    found: dict[str, _Plain] = {}
    definitions = item._fixtureinfo.name2fixturedefs

    def add(name: str) -> bool:
        """Whether a mere call makes the fixture, and all that it needs; those are added before it."""
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
