"""Fixtures that are made for each worker, in tests whose body several workers run at once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from ._options import Options
from ._unsafe import UNSAFE_FIXTURES

_Fixture = TypeVar("_Fixture", bound=Callable[..., object])
_MARK = "__interleave_per_worker__"

#: Fixtures that give a directory: one for each worker, unless the workers share a fixture that has something in it.
_DIRECTORIES = ("tmp_path", "tmpdir")


@dataclass(frozen=True)
class Worker:
    """One of the threads that run the body of a test; the fixture `worker`."""

    #: The position among the workers, from 0.
    index: int
    #: The name of its thread.
    name: str
    #: The number of workers.
    count: int


_ALONE = Worker(0, "worker-0", 1)


def per_worker(fixture: _Fixture) -> _Fixture:
    """Give each worker its own instance of this fixture, if several workers run the body of a test.

    It stands above or below `@pytest.fixture`. The fixture must be function-scoped; fixtures that are made with it are
    made for each worker, too. Raises `TypeError` if it is not a function or fixture.
    """
    function = _function_of(fixture)
    if not callable(function):
        raise TypeError(f"per_worker needs a fixture, got {fixture!r}: write @per_worker above @pytest.fixture")
    setattr(function, _MARK, True)
    return fixture


def _function_of(fixture: Any) -> Any:
    """Return the function under a `@pytest.fixture`; older versions of pytest keep it in another attribute."""
    get = getattr(fixture, "_get_wrapped_function", None)
    return getattr(fixture, "__wrapped__", fixture) if get is None else get()


def current_worker(request: Any) -> Worker:
    """Return the worker that fixtures are being made for."""
    while hasattr(request, "_parent_request"):
        request = request._parent_request
    worker: Worker = getattr(request, "worker", _ALONE)
    return worker


def check_isolated(item: pytest.Function, names: Iterable[str]) -> str | None:
    """Describe what is wrong with the marker's argument `isolated`; None if nothing is.

    A test need not use all of these fixtures, as its class or module can have the marker; but they must exist.
    """
    manager = item.session._fixturemanager
    for name in names:
        definitions = manager.getfixturedefs(name, item)
        if not definitions:
            return f"there is no fixture {name!r}"
        if name in UNSAFE_FIXTURES:
            return f"{name} {UNSAFE_FIXTURES[name]}. Remove it from isolated"
        if definitions[-1].scope != "function":
            return f"{name} has scope {definitions[-1].scope!r}: {_NARROW}"
    return None


_NARROW = "only function-scoped fixtures can be made for each worker"


def check_per_worker(item: pytest.Function) -> str | None:
    """Describe what is wrong with the fixtures of a test that are marked with `per_worker`; None if nothing is."""
    for name, definitions in item._fixtureinfo.name2fixturedefs.items():
        for definition in definitions:
            if definition.scope != "function" and is_per_worker(definition):
                return f"@per_worker fixture {name} has scope {definition.scope!r}: {_NARROW}"
    return None


def names_per_worker(item: pytest.Function, options: Options, isolated: Sequence[str], *, safe: bool) -> frozenset[str]:
    """Return the fixtures of a test that are made for each worker: those that ask for it, and their dependents.

    If the body is `safe` to run from several threads, `tmp_path` is one of them, except in tests whose workers share a
    fixture that is made with it: there, body and fixture have to agree where things are.
    """
    definitions = {
        name: known for name, known in item._fixtureinfo.name2fixturedefs.items() if known[-1].scope == "function"
    }
    wanted = {"worker", *isolated}
    if safe:
        wanted.update(options.isolated)
    wanted.update(name for name, known in definitions.items() if any(is_per_worker(each) for each in known))
    found = _with_dependents(wanted & definitions.keys(), definitions)
    if safe and "tmp_path" in definitions:
        with_directory = _with_dependents({"tmp_path"}, definitions)
        if with_directory <= found.union(_DIRECTORIES):
            found |= with_directory
    return frozenset(found)


def names_shared(item: pytest.Function, own: Container[str]) -> tuple[str, ...]:
    """Return the fixtures that a test asks for and its workers share, but that could be made for each of them."""
    definitions = item._fixtureinfo.name2fixturedefs
    shared = [name for name in item._fixtureinfo.argnames if name not in own and check_isolated(item, [name]) is None]
    return tuple(name for name in shared if not definitions[name][-1].func.__module__.startswith(_NOT_OF_USERS))


#: The modules of fixtures that a test rather shares.
_NOT_OF_USERS = ("_pytest", "pytest_interleave")


def _with_dependents(names: set[str], definitions: dict[str, Sequence[Any]]) -> set[str]:
    """Return the names, and those of all fixtures that are made with one of them."""
    found = set(names)
    while True:
        more = {
            name
            for name, known in definitions.items()
            if name not in found and any(not found.isdisjoint(each.argnames) for each in known)
        }
        if not more:
            return found
        found |= more


def is_per_worker(definition: Any) -> bool:
    """Whether a fixture is marked with `per_worker`."""
    return getattr(definition.func, _MARK, False) is True
