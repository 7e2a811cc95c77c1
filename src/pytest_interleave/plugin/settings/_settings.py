"""The settings of one test under control: the arguments of its marker, read and checked."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pytest

from ...explore import STRATEGIES
from ._marker_arguments import keywords_of, refused_async, refused_given, wrong_argument, wrong_marker
from ._markers import closest
from ._needs_control import needs_control
from ._options import MAX_SECONDS, MAX_STEPS, STEPS_OF_SUITE, TIMEOUTS, Options
from ._per_worker import check_isolated, check_per_worker
from ._shards import TINY, WHOLE, Shard, shard_of
from ._suite import is_of_suite

_ARGUMENTS = ("schedules", "workers", "strategy", "seed", "max_steps", "seconds", "races", "timeouts")
#: Workers that run the body of a test with the marker `thread_safety` that does not name a number.
_WORKERS = 4


class Settings(NamedTuple):
    """The way in which one test is explored."""

    schedules: int
    workers: int
    strategy: str
    seed: int
    max_steps: int
    seconds: float
    races: bool = False
    #: Shrinking a failing schedule takes at most this many seconds; 0 turns it off.
    shrink_seconds: float = 0.0
    #: Whether other schedules are run than those that are pinned.
    explored: bool = True
    #: Whether every step of a token's execution is printed.
    trace: bool = False
    #: The shard of the test that the item is; `schedules` is its share.
    shard: Shard = WHOLE
    #: The name of the marker that decides how the test is run.
    marker: str = "concurrency"
    #: Names of fixtures that are made for each worker, besides those marked with `per_worker`.
    isolated: tuple[str, ...] = ()
    #: Whether `--interleave-suite` has marked the test.
    suite: bool = False
    #: Whether the strategy may let time pass, too: timeouts expire early, and threads are held up.
    time_choices: bool = False

    @property
    def stream(self) -> int:
        """The seed of the item: each shard of a test has another one, the first one that of the whole test."""
        return self.seed + (self.shard.number - 1 << 64)

    @property
    def for_search(self) -> int:
        """The number of schedules that exhaustive search may run before another strategy takes its place."""
        return self.schedules if self.shard.number == 1 else min(self.schedules, TINY)


def read_settings(item: pytest.Item, options: Options) -> Settings:
    """Return the settings of a test: the arguments of its marker, the options if it has none, or the defaults.

    Raises `pytest.UsageError` that names the marker and what to write.
    """
    marker = closest(item)
    explored = marker is not None
    name = "interleaving" if marker is None else marker.name
    refused = (
        needs_control("--interleave-suite", "omit the option")
        if is_of_suite(item)
        else needs_control(f"@{name}", "remove the marker")
    )
    if refused is not None:
        raise pytest.UsageError(refused)
    if marker is None:
        marker = pytest.mark.concurrency.mark
    reading = _Reading(item, marker)
    wrong = check_per_worker(item) if isinstance(item, pytest.Function) else None
    if wrong is not None:
        raise pytest.UsageError(wrong)
    refused = refused_given(item) or refused_async(item)
    if refused is not None:
        raise wrong_marker(name, refused)
    given = reading.given
    strategy = given.get("strategy", options.strategy)
    if not isinstance(strategy, str) or strategy not in STRATEGIES:
        raise reading.error("strategy", strategy, f"choose from {', '.join(STRATEGIES)}")
    seed = given.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise reading.error("seed", seed, "must be an integer, or None for the seed of the run")
    races = given.get("races", False)
    if not isinstance(races, bool):
        raise reading.error("races", races, "must be True (report data races) or False")
    timeouts = given.get("timeouts", options.timeouts)
    if timeouts not in TIMEOUTS:
        raise reading.error("timeouts", timeouts, f"must be {' or '.join(map(repr, TIMEOUTS))}")
    of_suite = is_of_suite(item)
    shard = shard_of(item)
    return Settings(
        schedules=shard.share_of(reading.count("schedules", options.schedules)),
        workers=reading.count("workers", 1)
        if marker.name == "concurrency"
        else reading.count("workers", _WORKERS, least=2),
        strategy=strategy,
        seed=options.seed if seed is None else seed,
        max_steps=reading.count("max_steps", STEPS_OF_SUITE if of_suite else MAX_STEPS),
        seconds=reading.seconds(options.seconds_of_suite if of_suite else options.seconds),
        races=races,
        shrink_seconds=options.shrink_seconds,
        explored=explored,
        trace=options.trace,
        shard=shard,
        marker=name,
        isolated=reading.isolated(),
        suite=of_suite,
        time_choices=timeouts == "explore",
    )


class _Reading:
    """Reads the arguments of one marker."""

    def __init__(self, item: pytest.Item, marker: pytest.Mark) -> None:
        self._item = item
        self._name = marker.name
        positional = "schedules" if marker.name == "concurrency" else "workers"
        if marker.args and isinstance(marker.args[0], str):
            positional = "strategy"
        known = _ARGUMENTS if marker.name == "concurrency" else (*_ARGUMENTS, "isolated")
        self.given = keywords_of(marker, known, positional)

    def error(self, name: str, value: object, what: str) -> pytest.UsageError:
        return wrong_argument(self._name, name, value, what)

    def count(self, name: str, default: int, least: int = 1) -> int:
        value = self.given.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.error(name, value, f"must be an integer >= {least}")
        return value

    def seconds(self, default: float) -> float:
        seconds = self.given.get("seconds", default)
        if seconds is None:
            return math.inf
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 < seconds <= math.inf:
            raise self.error("seconds", seconds, "must be a number > 0, or None for no limit")
        # A whole number may be too large to be added to a time.
        return float(seconds) if seconds < MAX_SECONDS else math.inf

    def isolated(self) -> tuple[str, ...]:
        names = self.given.get("isolated", ())
        if isinstance(names, str) or not all(isinstance(name, str) for name in _as_tuple(names)):
            one = names if isinstance(names, str) else "a fixture"
            raise self.error("isolated", names, f"must be a tuple of fixture names, such as ({one!r},)")
        names = _as_tuple(names)
        if isinstance(self._item, pytest.Function) and self._name == "thread_safety":
            wrong = check_isolated(self._item, names)
            if wrong is not None:
                raise self.error("isolated", names, wrong)
        return names


def _as_tuple(names: Any) -> tuple[Any, ...]:
    """Return `names` as a tuple; if it is not a collection, a tuple that is no list of names either."""
    return tuple(names) if isinstance(names, (tuple, list, set, frozenset)) else (None,)
