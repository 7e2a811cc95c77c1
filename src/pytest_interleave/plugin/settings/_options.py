"""Command-line options and ini values."""

from __future__ import annotations

import importlib
import math
import os
import random
from typing import Any, NamedTuple

import pytest

from ...explore import STRATEGIES
from ._needs_control import needs_control

#: Defaults of the marker's arguments: schedules, and seconds after which no further one begins.
SCHEDULES = 200
SECONDS = 5.0
#: Shrinking a failing schedule takes at most this many seconds.
SHRINK_SECONDS = 2.0
#: An execution is explored for at most this many steps; the rest of it runs without preemptions.
MAX_STEPS = 100_000
#: With `--interleave-suite`, no further schedule of a test begins after this many seconds.
SECONDS_OF_SUITE = 1.0
#: Workers for each test, if `--interleave-suite` does not name a number.
WORKERS_OF_SUITE = 4
#: With `--interleave-suite`, a test that takes more steps is skipped.
STEPS_OF_SUITE = 20_000
#: A time limit of this many seconds or more counts as none.
MAX_SECONDS = 1e9
#: Workers of `run_concurrent` and parties of `barrier`, if the test does not name a number.
WORKERS = 2
#: Reports that are written to files, by the last word of their options.
REPORTS = ("json", "html", "markdown")
LEAKS = ("warn", "error", "ignore")
#: When timeouts expire: only if nothing could end the wait before, or also as a choice of the strategy.
TIMEOUTS = ("late", "explore")


def add_options(parser: pytest.Parser) -> None:
    """Register the options, in one group of the help, and ini values of the same meaning where these are useful."""
    group = parser.getgroup("interleave", "concurrency tests (pytest-interleave)")
    group.addoption(
        "--interleave-schedules",
        metavar="N",
        help=f"run each marked test (concurrency, thread_safety) under at most N schedules (default: {SCHEDULES})",
    )
    group.addoption(
        "--interleave-seconds",
        metavar="SECONDS",
        help="time limit per marked test, in seconds "
        f"(default: {SECONDS:g}; {SECONDS_OF_SUITE:g} with --interleave-suite)",
    )
    group.addoption(
        "--interleave-suite",
        metavar="WORKERS",
        nargs="?",
        const=str(WORKERS_OF_SUITE),
        help=f"run every test as if marked thread_safety, with WORKERS threads (default: {WORKERS_OF_SUITE})",
    )
    group.addoption(
        "--interleave-workers",
        metavar="N",
        help=f"default number of threads for run_concurrent and barrier (default: {WORKERS})",
    )
    group.addoption(
        "--interleave-strategy",
        metavar="NAME",
        help=f"search strategy: {', '.join(STRATEGIES)} (default: auto)",
    )
    group.addoption(
        "--interleave-timeouts",
        metavar="WHEN",
        help="when timeouts expire: late (only if nothing else can end the wait) or explore (early as well; time also "
        "passes while a thread is held up) (default: late)",
    )
    group.addoption(
        "--interleave-seed",
        metavar="N",
        help="random seed (default: 0 if CI is set, otherwise random; printed after collection)",
    )
    group.addoption(
        "--interleave-shards",
        metavar="N|auto",
        help="split each marked test into N items for pytest-xdist; auto: one per xdist worker (default: 1)",
    )
    group.addoption(
        "--interleave-replay",
        metavar="TOKEN",
        help="run only the test of TOKEN, under the schedule recorded in TOKEN",
    )
    group.addoption(
        "--interleave-trace",
        metavar="TOKEN",
        help="like --interleave-replay, and print every step",
    )
    group.addoption(
        "--interleave-forget",
        action="store_true",
        help="delete the failing schedules of earlier runs, which are tried first otherwise",
    )
    group.addoption(
        "--interleave-shrink-seconds",
        metavar="SECONDS",
        help="time limit for shrinking a failing schedule, in seconds; 0 disables shrinking "
        f"(default: {SHRINK_SECONDS:g})",
    )
    group.addoption(
        "--interleave-json",
        metavar="PATH",
        help="write results of all marked tests to PATH as JSON",
    )
    group.addoption(
        "--interleave-html",
        metavar="PATH",
        help="write an HTML report with step-by-step timelines to PATH",
    )
    group.addoption(
        "--interleave-markdown",
        metavar="PATH",
        help="write a Markdown summary for a pull request comment to PATH",
    )
    parser.addini("interleave_schedules", "greatest number of schedules per marked test")
    parser.addini("interleave_seconds", "time limit per marked test, in seconds")
    parser.addini(
        "interleave_isolated",
        "fixtures that each worker of a thread_safety test gets its own copy of, besides tmp_path",
        type="args",
        default=[],
    )
    parser.addini("interleave_workers", "default number of threads for run_concurrent and barrier")
    parser.addini("interleave_strategy", "search strategy")
    parser.addini("interleave_timeouts", "when timeouts expire: late, or explore (early as well)")
    parser.addini("interleave_seed", "random seed")
    parser.addini("interleave_shards", "number of items that each marked test is split into for pytest-xdist")
    parser.addini("interleave_shrink_seconds", "time limit for shrinking a failing schedule, in seconds")
    parser.addini(
        "interleave_leaks",
        "leaked files, sockets, threads and processes: warn, error or ignore",
    )
    parser.addini(
        "interleave_include",
        "installed packages, modules or path globs whose accesses are scheduling points too",
        type="args",
        default=[],
    )


class Options(NamedTuple):
    """The options and ini values of a run, read and checked."""

    schedules: int
    workers: int
    strategy: str
    seed: int
    #: A token, and whether every step is to be printed.
    replay: str | None
    trace: bool
    forget: bool
    shrink_seconds: float
    #: The path of each report, by the last word of its option; None if it is not written.
    reports: dict[str, str | None]
    shards: int = 1
    #: No further schedule of a marked test begins after this many seconds; the second is for `--interleave-suite`.
    seconds: float = SECONDS
    seconds_of_suite: float = SECONDS_OF_SUITE
    #: Workers for each test of the suite; None if only marked tests run under control.
    suite: int | None = None
    #: Fixtures that are made for each worker in all thread_safety tests.
    isolated: tuple[str, ...] = ()
    #: Whether a leak of a marked test is a warning, an error, or ignored: one of `LEAKS`.
    leaks: str = "warn"
    timeouts: str = TIMEOUTS[0]

    @property
    def replay_option(self) -> str:
        """The name of the option that gives the token."""
        return "--interleave-trace" if self.trace else "--interleave-replay"


_options_key: pytest.StashKey[Options] = pytest.StashKey()


def keep_options(config: pytest.Config) -> Options:
    """Read the options of a run, and keep them for `options_of`.

    Raises `pytest.UsageError` as `read_options` does.
    """
    options = config.stash[_options_key] = read_options(config)
    return options


def options_of(config: pytest.Config) -> Options:
    """Return the options of this run."""
    return config.stash[_options_key]


def has_options(config: pytest.Config) -> bool:
    """Whether the options of this run have been read without an error."""
    return _options_key in config.stash


def read_options(config: pytest.Config) -> Options:
    """Read and check the options and ini values of a run.

    Raises `pytest.UsageError` that names the option and what it takes.
    """
    given = _text(config, "strategy")
    strategy = "auto" if given is None else given
    if strategy not in STRATEGIES:
        raise pytest.UsageError(
            f"--interleave-strategy (ini: interleave_strategy): unknown strategy {strategy!r}: "
            f"choose from {', '.join(STRATEGIES)}"
        )
    return Options(
        schedules=_number(config, "schedules", SCHEDULES, 1),
        workers=_number(config, "workers", WORKERS, 1),
        strategy=strategy,
        seed=_seed(config),
        replay=_token(config),
        trace=config.getoption("--interleave-trace") is not None,
        forget=config.getoption("--interleave-forget"),
        shrink_seconds=_seconds(config, "shrink-seconds", SHRINK_SECONDS),
        reports=_reports(config),
        shards=_shards(config),
        seconds=_limit(config, SECONDS),
        seconds_of_suite=_limit(config, SECONDS_OF_SUITE),
        suite=_suite(config),
        isolated=tuple(config.getini("interleave_isolated")),
        leaks=_leaks(config),
        timeouts=_timeouts(config),
    )


def _token(config: pytest.Config) -> str | None:
    replay: str | None = config.getoption("--interleave-replay")
    trace: str | None = config.getoption("--interleave-trace")
    if replay is not None and trace is not None and replay != trace:
        raise pytest.UsageError("--interleave-replay and --interleave-trace have different tokens: give only one")
    if replay is not None or trace is not None:
        refused = needs_control("--interleave-replay" if trace is None else "--interleave-trace", "omit the option")
        if refused is not None:
            raise pytest.UsageError(refused)
    return replay if trace is None else trace


def _text(config: pytest.Config, name: str) -> str | None:
    given: str | None = config.getoption(f"--interleave-{name}")
    if given is None:
        from_ini: str = config.getini(_ini(name))
        given = from_ini or None
    return given


def _ini(name: str) -> str:
    return f"interleave_{name.replace('-', '_')}"


def _seconds(config: pytest.Config, name: str, default: float) -> float:
    given = _text(config, name)
    if given is None:
        return default
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise pytest.UsageError(f"--interleave-{name} (ini: {_ini(name)}): {given!r} is not a number of seconds (>= 0)")
    return number


def _limit(config: pytest.Config, default: float) -> float:
    seconds = _seconds(config, "seconds", default)
    if seconds == 0:
        raise pytest.UsageError("--interleave-seconds (ini: interleave_seconds): must be > 0, got 0")
    return seconds


def _suite(config: pytest.Config) -> int | None:
    given: str | None = config.getoption("--interleave-suite")
    if given is None:
        return None
    try:
        workers = int(given)
    except ValueError:
        raise pytest.UsageError(
            f"--interleave-suite: {given!r} is not a number of workers: write "
            f"--interleave-suite={WORKERS_OF_SUITE}, or give the option after files and folders"
        ) from None
    if workers < 2:
        raise pytest.UsageError(f"--interleave-suite: must be >= 2, got {workers}")
    return workers


def _number(config: pytest.Config, name: str, default: int, least: int | None) -> int:
    given = _text(config, name)
    if given is None:
        return default
    try:
        number = int(given)
    except ValueError:
        raise pytest.UsageError(f"--interleave-{name} (ini: {_ini(name)}): {given!r} is not an integer") from None
    if least is not None and number < least:
        raise pytest.UsageError(f"--interleave-{name} (ini: {_ini(name)}): must be >= {least}, got {number}")
    return number


def _shards(config: pytest.Config) -> int:
    given = _text(config, "shards")
    if given == "auto":
        # Only the workers of pytest-xdist collect tests, if there are any.
        return int(getattr(config, "workerinput", {}).get("workercount", 1))
    try:
        return _number(config, "shards", 1, 1)
    except pytest.UsageError as error:
        raise pytest.UsageError(f"{error} (auto: one per pytest-xdist worker)") from None


def _timeouts(config: pytest.Config) -> str:
    given = _text(config, "timeouts")
    if given is None:
        return TIMEOUTS[0]
    if given not in TIMEOUTS:
        raise pytest.UsageError(
            f"--interleave-timeouts (ini: interleave_timeouts): must be {' or '.join(TIMEOUTS)}, got {given!r}"
        )
    return given


def _leaks(config: pytest.Config) -> str:
    given: str = config.getini("interleave_leaks") or LEAKS[0]
    if given not in LEAKS:
        raise pytest.UsageError(f"interleave_leaks: must be warn, error or ignore, got {given!r}")
    return given


def _seed(config: pytest.Config) -> int:
    handed: Any = getattr(config, "workerinput", {}).get("interleave_seed")
    if handed is not None:
        return int(handed)
    default = 0 if os.environ.get("CI") else random.SystemRandom().randrange(2**31)
    return _number(config, "seed", default, None)


def _reports(config: pytest.Config) -> dict[str, str | None]:
    paths: dict[str, str | None] = {name: config.getoption(f"--interleave-{name}") for name in REPORTS}
    given = [(name, path) for name, path in paths.items() if path is not None]
    for number, (name, path) in enumerate(given):
        _check_writable(f"--interleave-{name}", path)
        for other, taken in given[:number]:
            if _are_one_file(taken, path):
                raise pytest.UsageError(
                    f"--interleave-{name}: {path} is also the path of --interleave-{other}: choose another"
                )
    if paths["html"] is not None and not hasattr(config, "workerinput"):
        _check_template_engine()
    return paths


def _check_template_engine() -> None:
    """Import Jinja2 now, not when all tests have run, so that a missing or broken one ends the run at once."""
    try:
        importlib.import_module("jinja2")
    except ImportError as error:
        raise pytest.UsageError(
            f"--interleave-html needs Jinja2 ({error}): pip install 'pytest-interleave[html]'"
        ) from None


def _are_one_file(path: str, other: str) -> bool:
    """Whether two paths are those of the same file; a pipe or a device can take several reports."""
    first, second = (os.path.normcase(os.path.realpath(each)) for each in (path, other))
    return first == second and (not os.path.exists(path) or os.path.isfile(path))


def _check_writable(option: str, path: str) -> None:
    if not path:
        raise pytest.UsageError(f"{option}: the path is empty: give the path of a file")
    directory = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or path.endswith((os.sep, "/")):
        raise pytest.UsageError(f"{option}: {path} is a directory: give the path of a file")
    if not os.path.isdir(directory):
        raise pytest.UsageError(f"{option}: directory {directory} does not exist: create it first")
    if not os.access(path if os.path.exists(path) else directory, os.W_OK):
        raise pytest.UsageError(f"{option}: {path} is not writable: choose another path")
