"""The fixtures. What they give is imported when a test first asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ._markers import is_marked, is_stress
from ._stash import options_of, settings_key

if TYPE_CHECKING:
    from ..resources import ProcessPool
    from ._barrier import WorkersBarrier
    from ._limits import LimitResources
    from ._per_worker import Worker
    from ._pool import ThreadPool
    from ._race_detector import RaceDetector
    from ._run_stress import RunStress
    from ._settings import Settings
    from ._speedups import MeasureSpeedup
    from ._workers import RunConcurrent


def _workers(request: pytest.FixtureRequest) -> int:
    settings = _settings_of(request)
    named = 1 if settings is None else settings.workers
    return named if named != 1 else options_of(request.config).workers


def _settings_of(request: pytest.FixtureRequest) -> Settings | None:
    """How the test is run, if that is under control."""
    settings: Settings | None = request.node.stash.get(settings_key, None)
    return settings


@pytest.fixture
def worker(request: pytest.FixtureRequest) -> Worker:
    """Which of the threads that run the body of the test: its index from 0, its name, and how many there are.

    A fixture that asks for it is one for each worker, too. Where the body is run once, it is the only worker.
    """
    from ._per_worker import current_worker

    return current_worker(request)


@pytest.fixture
def run_concurrent(request: pytest.FixtureRequest) -> RunConcurrent:
    """Runs functions in threads at once: (func, *args, workers=2), .each(func, items), .together(f, g).

    Results come in worker order; all exceptions of all workers come as one ExceptionGroup.
    """
    from ._workers import RunConcurrent

    return RunConcurrent(_workers(request))


@pytest.fixture
def thread_pool(request: pytest.FixtureRequest) -> Iterator[ThreadPool]:
    """A ThreadPoolExecutor, shut down after the test; an exception that nobody asks a future for fails the test."""
    from ._pool import ThreadPool, open_pools

    pool = ThreadPool(max(_workers(request), 4))
    open_pools.append(pool)
    try:
        yield pool
    finally:
        open_pools.remove(pool)
        pool.shutdown(wait=True, cancel_futures=True)
    unseen = [error for _, error in pool.unseen_exceptions()]
    if unseen:
        raise BaseExceptionGroup("exceptions in the thread pool that nobody looked at", unseen)


@pytest.fixture
def barrier(request: pytest.FixtureRequest) -> WorkersBarrier:
    """A threading.Barrier for as many threads as the test has workers; barrier.of(n) for another number.

    Who waits in vain for 10 seconds gets a BrokenBarrierError that says who came.
    """
    from ._barrier import WorkersBarrier

    if is_stress(request.node):
        from ._stress_settings import read_stress

        return WorkersBarrier(read_stress(request.node).plan.threads)
    return WorkersBarrier(_workers(request))


@pytest.fixture
def run_stress(request: pytest.FixtureRequest) -> Iterator[RunStress]:
    """Repeats an operation in real parallel threads: (operation, threads=10, operations=100, timeout=30, ...).

    The result has figures and assert_... methods. What failed and was not looked at fails the test.
    """
    from ._run_stress import RunStress, fail_for_what_nobody_looked_at
    from ._stress_runs import begin_runs

    if not is_stress(request.node):
        begin_runs(request.node)
    run = RunStress(request.node)
    yield run
    fail_for_what_nobody_looked_at(run)


@pytest.fixture
def race_detector(request: pytest.FixtureRequest) -> RaceDetector:
    """Finds data races: .watch(obj) reports them on an object, .races lists them, .allow(...) excepts known ones.

    In tests without the marker, .explore(func) gives the distinct outcomes of a function over many schedules.
    """
    from ..detect import Watchlist
    from ._race_check import watchlists
    from ._race_detector import RaceDetector

    settings = _settings_of(request)
    watchlist = Watchlist(everything=settings is not None and settings.races)
    if settings is not None:
        watchlists[:] = [watchlist]
    detector = RaceDetector(watchlist, marked=settings is not None, seed=options_of(request.config).seed)
    if settings is None:
        # No `yield`: under the marker it is made anew for each schedule by a mere call.
        request.addfinalizer(detector._warn_if_idle)  # noqa: PT021
    return detector


@pytest.fixture
def process_pool(request: pytest.FixtureRequest) -> Iterator[ProcessPool]:
    """A ProcessPoolExecutor of spawned processes, of which none outlives the test; .of(n) makes one of another size.

    An exception that nobody asks a future for fails the test, and so does a process that has to be killed.
    """
    from ._process_pool import pool_of_test

    yield from pool_of_test(request, controlled=is_marked(request.node))


@pytest.fixture
def measure_speedup(request: pytest.FixtureRequest) -> MeasureSpeedup:
    """Measures how much faster one way is: (sequential, parallel, repeats=5); the result compares with numbers.

    It has medians, ratio, spread and cores; they are in the summary, too.
    """
    from ._speedups import MeasureSpeedup

    return MeasureSpeedup(request.node, controlled=is_marked(request.node))


@pytest.fixture
def resource_limits(request: pytest.FixtureRequest) -> Iterator[LimitResources]:
    """Limits open files, threads and memory in a block: (open_files=64, threads=8, memory="512MiB") as limits.

    Afterwards limits.leaks tells what the block has left open.
    """
    from ._limits import LimitResources

    limit = LimitResources(request.node, options_of(request.config).leaks)
    try:
        yield limit
    finally:
        limit.lift_all()
