"""The markers: how they are registered, and which of them decides how a test is run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

#: The markers with their descriptions, as `pytest --markers` shows them.
REGISTERED = (
    "concurrency(schedules=200, workers=1, strategy='auto', seed=None, max_steps=100_000, seconds=5, "
    "races=False, timeouts='late'): "
    "run the test under many thread interleavings, each with new function-scoped fixtures. "
    "With workers=N, the test body itself runs in N threads.",
    "thread_safety(workers=4, isolated=(), schedules=200, strategy='auto', seed=None, max_steps=100_000, seconds=5, "
    "races=False, timeouts='late'): "
    "run the test body in several threads at once, on shared fixtures, under many interleavings. isolated names "
    "fixtures that each worker gets its own copy of (tmp_path always is, unless another shared fixture uses it).",
    "stress(threads=10, operations=100, seconds=None, min_success_rate=1.0, ramp=0, timeout=30): "
    "repeat the test body in real threads, without control: operations times in each thread, or for seconds. The test "
    "fails if fewer than min_success_rate of the operations succeed, or if a thread hangs.",
    "thread_unsafe(reason=None): never run this test in several threads (overrides concurrency, thread_safety and "
    "stress of its class or module, and --interleave-suite)",
    "interleaving(token, ...): run the recorded schedules of these tokens first, as a regression test. Without "
    "concurrency or thread_safety, run only these.",
)

#: The marker of these that is closest to a test decides how it is run.
_WAYS = ("concurrency", "thread_safety", "stress")
_SAYING = frozenset((*_WAYS, "thread_unsafe"))
_OURS = _SAYING | {"interleaving"}

#: Added to tests with another of these markers, so that `-m concurrency` selects them. It has no other effect.
_SELECTED = pytest.mark.concurrency


def has_our_marker(item: pytest.Item | pytest.Collector) -> bool:
    """Whether the test, its class or its module has any marker of the plugin; quick, as most tests have none."""
    node: pytest.Item | pytest.Collector | None = item
    while node is not None:
        for mark in node.own_markers:
            if mark.name in _OURS:
                return True
        node = node.parent
    return False


def with_our_markers(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that have any marker of the plugin."""
    found = []
    # Tests of one class or module follow one another.
    parent: pytest.Collector | None = None
    is_inherited = False
    for item in items:
        if item.parent is not parent:
            parent = item.parent
            is_inherited = parent is not None and has_our_marker(parent)
        if is_inherited:
            found.append(item)
            continue
        for mark in item.own_markers:
            if mark.name in _OURS:
                found.append(item)
                break
    return found


def closest(item: pytest.Item) -> pytest.Mark | None:
    """Return the marker that decides how the test is run; None if it has no such marker.

    Raises `pytest.UsageError` if two different ones are equally close.
    """
    marks = [(node, mark) for node, mark in item.iter_markers_with_node() if mark.name in _SAYING]
    if not marks:
        return None
    if len(marks) == 1:
        (_, only) = marks[0]
        return None if only.name not in _WAYS or only is _SELECTED.mark else only
    nearest: dict[str, tuple[int, pytest.Mark]] = {}
    distances: dict[object, int] = {}
    for node, marker in marks:
        if marker is not _SELECTED.mark:
            distance = distances.setdefault(node, len(distances))
            nearest.setdefault(marker.name, (distance, marker))
    ways = sorted(((*nearest[name], name) for name in _WAYS if name in nearest), key=lambda way: way[0])
    if not ways:
        return None
    distance, found, name = ways[0]
    others = [other for away, _, other in ways[1:] if away == distance]
    if "thread_unsafe" in nearest:
        away = nearest["thread_unsafe"][0]
        if away < distance:
            return None
        if away == distance and name != "concurrency":
            others.append("thread_unsafe")
    if others:
        raise pytest.UsageError(f"@{name} and @{others[0]} cannot be combined: remove one")
    return found


def is_exempt(item: pytest.Item) -> bool:
    """Whether the marker `thread_unsafe` exempts the test from a marker of its class or module."""
    if item.get_closest_marker("thread_unsafe") is None or _way_of(item) is not None:
        return False
    return any(mark.name in _WAYS and mark is not _SELECTED.mark for mark in item.iter_markers())


def _way_of(item: pytest.Item) -> str | None:
    """Return the name of the marker that decides how the test is run; None if it has no such marker."""
    if not has_our_marker(item):
        return None
    try:
        found = closest(item)
    except pytest.UsageError:
        # The error is reported when the markers are checked.
        return "concurrency"
    return None if found is None else found.name


def marker_of(item: pytest.Item) -> str | None:
    """Return the name of the marker that puts the test under control; None if none does."""
    way = _way_of(item)
    if way is None and has_our_marker(item) and item.get_closest_marker("interleaving") is not None:
        return "interleaving"
    return None if way == "stress" else way


def is_marked(item: pytest.Item) -> bool:
    """Whether the test is to run under control."""
    return isinstance(item, pytest.Function) and marker_of(item) is not None


def is_stress(item: pytest.Item) -> bool:
    """Whether the body of the test is to be repeated by real threads."""
    return isinstance(item, pytest.Function) and is_marked_stress(item)


def is_marked_stress(item: pytest.Item) -> bool:
    """Whether the test has the marker `stress`, be it a function or not."""
    return _way_of(item) == "stress"


def uses_threads(item: pytest.Item) -> bool:
    """Whether real threads run in the test that may have to be ended: the marker or the fixture starts them."""
    return "run_stress" in getattr(item, "fixturenames", ()) or is_stress(item)


def use_threads(items: Iterable[pytest.Item], ours: Iterable[pytest.Item]) -> bool:
    """Whether `uses_threads` is true of any of the tests.

    `ours` are those of the tests that have any marker of the plugin.
    """
    for item in items:
        if "run_stress" in getattr(item, "fixturenames", ()):
            return True
    return any(map(is_stress, ours))


def make_selectable(item: pytest.Item) -> None:
    """Let `-m concurrency` select a test that another marker of the plugin runs in threads."""
    way = _way_of(item)
    in_threads = way == "thread_safety" or (way == "stress" and isinstance(item, pytest.Function))
    if in_threads and item.get_closest_marker("concurrency") is None:
        item.add_marker(_SELECTED)
