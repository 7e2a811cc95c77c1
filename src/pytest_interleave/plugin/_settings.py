"""The marker `concurrency` of one test, read and checked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ._closest import closest_kind
from ._marker_arguments import is_async, keywords_of, warn_no_function, wrong_marker
from ._options import MAX_SECONDS, MAX_STEPS, SECONDS, STRATEGIES, Options
from ._shards import TINY, WHOLE, Shard, shard_of

if TYPE_CHECKING:
    from ..explore import Token

MARKER = (
    "concurrency(schedules=200, workers=1, strategy='auto', seed=None, max_steps=100000, seconds=5, "
    "races=False): "
    "run the test under many thread interleavings, each with fresh function-scoped fixtures; "
    "with workers=N the body itself runs in N threads"
)

PINS_MARKER = (
    "interleaving(token, ...): run the test under these schedules, each the token of an earlier failure, before all "
    "others; without the marker concurrency, under these only"
)

_ARGUMENTS = ("schedules", "workers", "strategy", "seed", "max_steps", "seconds", "races")


class Settings(NamedTuple):
    """How one test is to be explored."""

    schedules: int
    workers: int
    strategy: str
    seed: int
    max_steps: int
    seconds: float
    races: bool = False
    #: So long, in seconds, a failing schedule may be made smaller.
    shrink_seconds: float = 0.0
    #: Whether more than the schedules that are pinned is run.
    explored: bool = True
    #: Whether every step of a token's execution is to be told.
    trace: bool = False
    #: With the schedules that are its own.
    shard: Shard = WHOLE

    @property
    def stream(self) -> int:
        """The seed, another one for each shard of a test; for the first one, that of the whole test."""
        return self.seed + (self.shard.number - 1 << 64)

    @property
    def for_search(self) -> int:
        """How many schedules exhaustive search may take, where others can be run instead."""
        return self.schedules if self.shard.number == 1 else min(self.schedules, TINY)


def is_marked(item: pytest.Item) -> bool:
    """Whether the test is to run under control."""
    return isinstance(item, pytest.Function) and marker_of(item) is not None


def marker_of(item: pytest.Item) -> str | None:
    """The name of the marker that puts the test under control, if one does."""
    if closest_kind(item) == "stress":
        return None
    return next((name for name in ("concurrency", "interleaving") if item.get_closest_marker(name) is not None), None)


def pins_of(item: pytest.Item) -> list[Token]:
    """The schedules that the marker `interleaving` pins, for this set of parameters.

    Raises `pytest.UsageError` that names the test and the token.
    """
    from ..explore import Token, TokenError
    from ._fingerprints import name_of_test

    name = name_of_test(item)
    pins: list[Token] = []
    for marker in item.iter_markers("interleaving"):
        if marker.kwargs or not marker.args or not all(isinstance(text, str) for text in marker.args):
            raise pytest.UsageError(
                f"{item.nodeid}: the marker 'interleaving' takes tokens, as reports of failures have them: "
                '@pytest.mark.interleaving("TOKEN")'
            )
        for text in marker.args:
            try:
                token = Token.parse(text)
                token.require_this_python()
            except TokenError as error:
                raise pytest.UsageError(f"{item.nodeid}: the marker 'interleaving': {error}") from None
            if token.test.name != name.name and _is_inherited(item):
                # Of the same function in another class, as a rule.
                continue
            if token.test.name != name.name or not (name.parameters or token.test == name):
                raise pytest.UsageError(
                    f"{item.nodeid}: the marker 'interleaving' has {text}, the token of another test; if it is this "
                    f"one's under an earlier name, write {token._replace(test=name)} in its place"
                )
            if token.test == name:
                pins.append(token)
    return pins


def _is_inherited(item: pytest.Item) -> bool:
    cls = getattr(item, "cls", None)
    return cls is not None and getattr(item, "originalname", None) not in vars(cls)


def pins_for_nothing(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, str]]:
    """An item and an error for each parametrized test with a pin for a set of parameters that it does not have.

    The markers of the items have been checked.
    """
    tests: dict[tuple[Any, str], list[pytest.Function]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.get_closest_marker("interleaving"):
            tests.setdefault((item.parent, item.originalname), []).append(item)
    if not tests:
        return
    from ..explore import Token
    from ._fingerprints import name_of_test

    for (parent, function), selected in tests.items():
        names = {name_of_test(item) for item in selected}
        tokens = [Token.parse(text) for marker in selected[0].iter_markers("interleaving") for text in marker.args]
        own = [token for token in tokens if token.test.name == name_of_test(selected[0]).name]
        if all(token.test in names for token in own):
            continue
        # Other sets may not have been selected.
        names |= {name_of_test(item) for item in parent._genfunctions(function, getattr(parent.obj, function))}
        for token in own:
            if token.test not in names:
                yield (
                    selected[0],
                    f"{selected[0].nodeid}: the marker 'interleaving' has {token}, which is for a set of parameters "
                    "that the test does not have: take it away, or let the test find the failure again to get another",
                )
                break


def check_marker(item: pytest.Item, options: Options) -> None:
    """Once, at collection: check the marker's arguments; where it does nothing, say so.

    Raises `pytest.UsageError` as `read_settings` does.
    """
    name = marker_of(item)
    if name is None:
        return
    if isinstance(item, pytest.Function):
        read_settings(item, options)
        pins_of(item)
        return
    warn_no_function(item, name)


def read_settings(item: pytest.Item, options: Options) -> Settings:
    """The marker's arguments over the options over the defaults.

    Raises `pytest.UsageError` that names the test and what to write.
    """
    marker = item.get_closest_marker("concurrency")
    explored = marker is not None
    if marker is None:
        marker = pytest.mark.concurrency.mark
    positional = "strategy" if marker.args and isinstance(marker.args[0], str) else "schedules"
    given = keywords_of(item, marker, _ARGUMENTS, positional)
    if is_async(item):
        raise _error(
            item,
            "marks an async def test, and asyncio code cannot be run under control: take the marker away, or write "
            "a test that starts threads",
        )
    strategy = given.get("strategy", options.strategy)
    if strategy not in STRATEGIES:
        raise _error(item, f"has strategy={strategy!r}; choose one of {', '.join(STRATEGIES)}")
    seed = given.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise _error(item, f"has seed={seed!r}; give a whole number, or None for that of the run")
    seconds = given.get("seconds", SECONDS)
    if seconds is None:
        seconds = math.inf
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 < seconds <= math.inf:
        raise _error(item, f"has seconds={seconds!r}; give a number above 0, or None for no limit")
    races = given.get("races", False)
    if not isinstance(races, bool):
        raise _error(item, f"has races={races!r}; give True to have data races reported, or False")
    shard = shard_of(item)
    return Settings(
        schedules=shard.share_of(_count(item, given, "schedules", options.schedules)),
        workers=_count(item, given, "workers", 1),
        strategy=strategy,
        seed=options.seed if seed is None else seed,
        max_steps=_count(item, given, "max_steps", MAX_STEPS),
        # A whole number may be too large to be added to a time.
        seconds=float(seconds) if seconds < MAX_SECONDS else math.inf,
        races=races,
        shrink_seconds=options.shrink_seconds,
        explored=explored,
        trace=options.trace,
        shard=shard,
    )


def _count(item: pytest.Item, given: dict[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _error(item, f"has {name}={value!r}; give a whole number of 1 or more")
    return value


def _error(item: pytest.Item, what: str) -> pytest.UsageError:
    return wrong_marker(item, "concurrency", what)
