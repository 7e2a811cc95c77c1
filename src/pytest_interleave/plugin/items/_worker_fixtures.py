"""Makes fixtures for each worker, whenever pytest makes those of the test."""

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


def worker_fixtures(item: pytest.Function, settings: Settings, options: Options) -> WorkerFixtures | None:
    """Return the fixtures of a test that its workers do not share; None if they share all."""
    if settings.workers == 1:
        return None
    safe = settings.marker != "concurrency"
    names = names_per_worker(item, options, settings.isolated, safe=safe)
    return WorkerFixtures(item, names, settings.workers, own_instances=safe) if safe or names else None


def thread_fixtures(item: pytest.Function, threads: int, options: Options) -> WorkerFixtures:
    """Return the fixtures of a test that the real threads which repeat its body do not share."""
    names = names_per_worker(item, options, (), safe=True)
    return WorkerFixtures(item, names, threads, own_instances=True, called="stress")


class WorkerFixtures:
    """Makes the fixtures of a test that its workers do not share, whenever the test is set up.

    The names of workers begin with `called`. With `own_instances`, each has a copy of the instance of the test's class.
    """

    def __init__(
        self, item: Any, names: frozenset[str], count: int, *, own_instances: bool, called: str = "worker"
    ) -> None:
        self._item = item
        self._own_instances = own_instances
        self.names = names
        self._workers = [Worker(index, f"{called}-{index}", count) for index in range(count)]
        self._requests: list[Any] = []
        self._arguments = [name for name in item._fixtureinfo.argnames if name in names or name == "request"]

    def set_up(self) -> None:
        """Let pytest make these fixtures for each worker when it makes those of the test."""
        item = self._item
        kind = type(item._request)
        top = _request_class(kind, _TestRequest)(item, _ispytest=True)
        top.worker_fixtures = self
        item._request = top
        self._requests = []
        lock = make_ours(RLock)
        for worker in self._workers:
            request = _request_class(kind, _WorkerRequest)(item, _ispytest=True)
            request.worker = worker
            request.lock = lock
            request._arg2fixturedefs = _Definitions(item, self.names)
            self._requests.append(request)

    def make(self, name: str) -> Any:
        """Make the fixture for each worker; return that of the first one."""
        first, *_ = [request._value(name) for request in self._requests]
        return first

    def is_own(self, name: str) -> bool:
        """Whether each worker has a fixture of that name."""
        return name in self.names

    def calls(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Callable[[], Any]]:
        """Return a call of the body for each worker; pytest would call it with these arguments."""
        bodies = [_with_own_instance(function) if self._own_instances else function for _ in self._workers]
        return [
            functools.partial(body, *args, **own) if args or own else body
            for body, own in zip(bodies, (kwargs | self._arguments_of(each) for each in self._requests), strict=True)
        ]

    def _arguments_of(self, request: Any) -> dict[str, Any]:
        return {name: request if name == "request" else request._value(name) for name in self._arguments}


def _with_own_instance(function: Callable[..., Any]) -> Callable[..., Any]:
    """Bind a method to a copy of its instance: what set-up has made is shared, what the body assigns is not.

    Returns any other function as it is, and a method whose instance cannot be copied.
    """
    instance = getattr(function, "__self__", None)
    if not isinstance(function, MethodType) or isinstance(instance, type):
        return function
    try:
        return MethodType(function.__func__, copy.copy(instance))
    except Exception:
        return function


class _Definitions(dict[str, Any]):
    """The definitions of fixtures by name, for one worker: copies of those that are made for each worker.

    Fixtures that the test only asks for while it runs are looked up then.
    """

    def __init__(self, item: Any, names: frozenset[str]) -> None:
        super().__init__()
        self._item = item
        self.names = names

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
        if name in self.names or name == "worker":
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


class _TestRequest:
    """The request of a test: it makes fixtures as pytest does, and those of workers for each of them."""

    worker_fixtures: WorkerFixtures

    def _fillfixtures(self: Any) -> None:
        item = self._pyfuncitem
        for name in item.fixturenames:
            if name not in item.funcargs:
                own = self.worker_fixtures.is_own(name)
                item.funcargs[name] = self.worker_fixtures.make(name) if own else self.getfixturevalue(name)


class _WorkerRequest:
    """The request of one worker: it gives the fixtures of that worker."""

    worker: Worker
    #: All workers share this lock: pytest makes one fixture at a time.
    lock: Any

    def getfixturevalue(self: Any, argname: str) -> Any:
        """See `pytest.FixtureRequest.getfixturevalue`; called from the body of the test."""
        reason = UNSAFE_FIXTURES.get(argname)
        if reason is not None:
            pytest.fail(refuse(argname), pytrace=False)
        with self.lock:
            return self._value(argname)

    def _value(self: Any, argname: str) -> Any:
        return self._get_active_fixturedef(argname).cached_result[0]


def _request_class(kind: Any, mixin: type) -> Callable[..., Any]:
    """Return a class of requests that is derived from pytest's own, `kind`, with `mixin` in front."""
    return _derived(getattr(kind, "_interleave_base", kind), mixin)


@functools.cache
def _derived(kind: Any, mixin: type) -> Callable[..., Any]:
    return type(kind.__name__, (mixin, kind), {"_interleave_base": kind})
