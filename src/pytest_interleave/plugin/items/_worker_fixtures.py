"""Makes the fixtures that each worker has one of, whenever pytest makes those of the test."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any

import pytest

from ...control.primitives import RLock, make_ours
from ..settings._options import Options
from ..settings._per_worker import Worker, current_worker, is_per_worker, names_per_worker
from ..settings._unsafe import UNSAFE_FIXTURES, refuse

if TYPE_CHECKING:
    from ..settings._settings import Settings


def of_workers(item: pytest.Function, settings: Settings, options: Options) -> OfWorkers | None:
    """The fixtures of a test that its workers do not share; None where they share all."""
    if settings.workers == 1:
        return None
    safe = settings.marker != "concurrency"
    names = names_per_worker(item, options, settings.isolated, safe=safe)
    return OfWorkers(item, names, settings.workers, own_instances=safe) if safe or names else None


def of_threads(item: pytest.Function, threads: int, options: Options) -> OfWorkers:
    """The fixtures of a test that the real threads which repeat its body do not share."""
    names = names_per_worker(item, options, (), safe=True)
    return OfWorkers(item, names, threads, own_instances=True, called="stress")


class OfWorkers:
    """The fixtures of a test that its workers do not share, made anew whenever the test is set up."""

    def __init__(
        self, item: Any, names: frozenset[str], count: int, *, own_instances: bool, called: str = "worker"
    ) -> None:
        self._item = item
        self._own_instances = own_instances
        self._names = names
        self._workers = [Worker(index, f"{called}-{index}", count) for index in range(count)]
        self._requests: list[Any] = []
        self._arguments = [name for name in item._fixtureinfo.argnames if name in names or name == "request"]

    def set_up(self) -> None:
        """Have the fixtures made for each worker when pytest makes those of the test."""
        item = self._item
        kind = type(item._request)
        top = _request_class(kind, _MakingForAll)(item, _ispytest=True)
        top.of_workers = self
        item._request = top
        self._requests = []
        lock = make_ours(RLock)
        for worker in self._workers:
            request = _request_class(kind, _OfOne)(item, _ispytest=True)
            request.worker = worker
            request.lock = lock
            request._arg2fixturedefs = _Definitions(item, self._names)
            self._requests.append(request)

    def make(self, name: str) -> Any:
        """Make one for each worker; that of the first is the answer."""
        first, *_ = [request._value(name) for request in self._requests]
        return first

    def is_own(self, name: str) -> bool:
        """Whether each worker has one."""
        return name in self._names

    def calls(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Callable[[], Any]]:
        """For each worker a call of the body, which pytest would call with these arguments."""
        bodies = [_with_own_instance(function) if self._own_instances else function for _ in self._workers]
        return [
            functools.partial(body, *args, **own) if args or own else body
            for body, own in zip(bodies, (kwargs | self._arguments_of(each) for each in self._requests), strict=True)
        ]

    def _arguments_of(self, request: Any) -> dict[str, Any]:
        return {name: request if name == "request" else request._value(name) for name in self._arguments}


def _with_own_instance(function: Callable[..., Any]) -> Callable[..., Any]:
    """A method, bound to a copy of its instance: what set-up has made is shared, what the body assigns is not.

    Any other function itself, and a method of what cannot be copied.
    """
    instance = getattr(function, "__self__", None)
    if not isinstance(function, MethodType) or isinstance(instance, type):
        return function
    try:
        return MethodType(function.__func__, copy.copy(instance))
    except Exception:
        return function


class _Definitions(dict[str, Any]):
    """The definitions of fixtures by name, for one worker: copies of those that it has one of its own of.

    What the test asks for while it runs is found then.
    """

    def __init__(self, item: Any, names: frozenset[str]) -> None:
        super().__init__()
        self._item = item
        self._names = names

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self:
            definitions = self._known(name)
            if definitions is None:
                return default
            self[name] = _copies(name, definitions) if self._is_own(name, set()) else definitions
        return self[name]

    def _known(self, name: str) -> Any:
        known = self._item._fixtureinfo.name2fixturedefs.get(name)
        return self._item.session._fixturemanager.getfixturedefs(name, self._item) if known is None else known

    def _is_own(self, name: str, asked: set[str]) -> bool:
        if name in self._names or name == "worker":
            return True
        if name in asked or name in self._item._fixtureinfo.name2fixturedefs:
            return False
        asked.add(name)
        definitions = [each for each in self._known(name) or () if each.scope == "function"]
        return any(is_per_worker(each) for each in definitions) or any(
            self._is_own(other, asked) for each in definitions for other in each.argnames
        )


def _copies(name: str, definitions: Sequence[Any]) -> list[Any]:
    if name == "tmp_path":
        # In the directory of the test, which pytest removes when that is asked for.
        own = _copy(definitions[-1])
        own.func = _own_directory
        own.argnames = ("tmp_path", "request")
        own.params = None
        return [*definitions, own]
    return [_copy(definition) for definition in definitions]


def _own_directory(tmp_path: Any, request: Any) -> Any:
    directory = tmp_path / current_worker(request).name
    directory.mkdir()
    return directory


def _copy(definition: Any) -> Any:
    own = copy.copy(definition)
    own.cached_result = None
    own._finalizers = []
    return own


class _MakingForAll:
    """Of a test's request: fills in fixtures as pytest does, those of the workers for each of them."""

    of_workers: OfWorkers

    def _fillfixtures(self: Any) -> None:
        item = self._pyfuncitem
        for name in item.fixturenames:
            if name not in item.funcargs:
                own = self.of_workers.is_own(name)
                item.funcargs[name] = self.of_workers.make(name) if own else self.getfixturevalue(name)


class _OfOne:
    """The request of one worker: what it asks for is its own."""

    worker: Worker
    #: That of all workers: pytest makes one fixture at a time.
    lock: Any

    def getfixturevalue(self: Any, argname: str) -> Any:
        """See `pytest.FixtureRequest.getfixturevalue`: from the body of the test."""
        reason = UNSAFE_FIXTURES.get(argname)
        if reason is not None:
            pytest.fail(refuse(self._pyfuncitem.nodeid, argname), pytrace=False)
        with self.lock:
            return self._value(argname)

    def _value(self: Any, argname: str) -> Any:
        return self._get_active_fixturedef(argname).cached_result[0]


_classes: dict[tuple[type, type], Callable[..., Any]] = {}


def _request_class(kind: Any, mixin: type) -> Callable[..., Any]:
    """Pytest's class of requests of tests, with ours in front."""
    kind = getattr(kind, "_interleave_base", kind)
    known = _classes.get((kind, mixin))
    if known is None:
        known = _classes[kind, mixin] = type(kind.__name__, (mixin, kind), {"_interleave_base": kind})
    return known
