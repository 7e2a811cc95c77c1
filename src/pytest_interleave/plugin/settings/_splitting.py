"""Splits marked tests into shards at collection: each of them an item with a node id and fixtures of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from ._markers import is_marked
from ._options import Options
from ._settings import read_settings
from ._shards import WHOLE, Shard, note_shard, shard_of


class Splitter:
    """A plugin of pytest that splits each marked test; registered only if that is asked for."""

    def __init__(self, options: Options) -> None:
        self._options = options

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Split tests while they are collected: the command line can name shards, and --lf finds them."""
        report = yield
        if any(isinstance(node, pytest.Item) for node in report.result or ()):
            asked_for = _named_in_full(collector.config.args)
            report.result = [
                part for node in report.result for part in ((node,) if node.name in asked_for else self._parts(node))
            ]
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Split the other tests: those given on the command line with an id, and those that have been marked since."""
        items[:] = [part for item in items for part in self._parts(item)]

    def _parts(self, node: pytest.Item | pytest.Collector) -> list[Any]:
        if not isinstance(node, pytest.Function) or not is_marked(node) or shard_of(node) is not WHOLE:
            return [node]
        count = self._count(node)
        return [node] if count == 1 else [_shard(node, Shard(number, count)) for number in range(1, count + 1)]

    def _count(self, item: pytest.Function) -> int:
        try:
            settings = read_settings(item, self._options)
        except pytest.UsageError:
            # The error is reported when all tests are collected.
            return 1
        if settings.strategy == "exhaustive" or not settings.explored or _is_to_fail(item):
            return 1
        return min(self._options.shards, settings.schedules)


def _named_in_full(arguments: list[str]) -> set[str]:
    """Return the names with an id (`test_it[1]`) on the command line: pytest would not find them under another name."""
    split = [argument.partition("[") for argument in arguments]
    return {base.rpartition("::")[2] + bracket + rest for base, bracket, rest in split if bracket}


def _is_to_fail(item: Any) -> bool:
    """Whether a test is expected to fail: then it is not split, as not every shard of it has to fail."""
    if item.get_closest_marker("xfail") is not None:
        return True
    return any(getattr(decorated, "__unittest_expecting_failure__", False) for decorated in (item.obj, item.cls))


def _shard(item: Any, shard: Shard) -> pytest.Function:
    kind, name = type(item), item.originalname
    more: dict[str, Any] = {}
    if hasattr(item, "_addexcinfo"):
        kind = _unittest_kind(kind)
    if not hasattr(getattr(item.parent, "obj", None), name):
        # It was made of a function that is found nowhere.
        more["callobj"] = item.obj
    part: pytest.Function = kind.from_parent(
        item.parent,
        name=item.name + shard.suffix,
        originalname=name,
        callspec=getattr(item, "callspec", None),
        fixtureinfo=item._fixtureinfo,
        **more,
    )
    note_shard(part, shard, item)
    # Whatever plugins have added to it so far.
    part.own_markers[:] = item.own_markers
    part.keywords.update({key: item.keywords[key] for key in item.keywords if key not in part.keywords})
    part.extra_keyword_matches.update(item.extra_keyword_matches)
    part.user_properties.extend(item.user_properties)
    for key, value in item.stash._storage.items():
        part.stash._storage.setdefault(key, value)
    return part


def _unittest_kind(kind: Any) -> Any:
    """Derive a class of items from `kind`, for tests of a `unittest.TestCase` that are not named as their method is."""

    class Part(kind):  # type: ignore[misc]
        def _getinstance(self) -> Any:
            with _named_as_the_method(self):
                return super()._getinstance()

        def runtest(self) -> None:
            with _named_as_the_method(self):
                super().runtest()

    Part.__name__, Part.__qualname__, Part.__module__ = kind.__name__, kind.__qualname__, kind.__module__
    return Part


@contextlib.contextmanager
def _named_as_the_method(item: Any) -> Iterator[None]:
    named = item.name
    item.name = item.originalname
    try:
        yield
    finally:
        item.name = named
