"""Wrong calls of each fixture, none of which is run.

Each has a comment with the error that mypy reports. With `warn_unused_ignores`, which is part of `strict`, mypy fails
if it does not report that error.
"""

from __future__ import annotations

from pytest_interleave import (
    LimitResources,
    MeasureSpeedup,
    ProcessPool,
    RaceDetector,
    RunConcurrent,
    RunStress,
    ThreadPool,
    Worker,
    WorkersBarrier,
    per_worker,
)


class Account:
    def __init__(self, balance: int) -> None:
        self.balance = balance

    def deposit(self, amount: int, note: str = "") -> float:
        return float(self.balance + amount + len(note))


def one() -> int:
    return 1


def text_of(number: int, after: str = "") -> str:
    return f"{number}{after}"


def both(first: int, second: str) -> str:
    return f"{first}{second}"


def joined(number: int, *, separator: str) -> str:
    return separator.join([str(number)])


def run_concurrent_alone(run_concurrent: RunConcurrent, account: Account) -> None:
    run_concurrent()  # type: ignore[call-overload]
    run_concurrent(1)  # type: ignore[call-overload]
    run_concurrent(one, 1)  # type: ignore[call-overload]
    run_concurrent(one, wokers=2)  # type: ignore[call-overload]
    run_concurrent(text_of)  # type: ignore[call-overload]
    run_concurrent(text_of, "1")  # type: ignore[call-overload]
    run_concurrent(text_of, 1, 2)  # type: ignore[call-overload]
    run_concurrent(text_of, 1, "a", 3)  # type: ignore[call-overload]
    run_concurrent(text_of, 1, after=2)  # type: ignore[arg-type]
    run_concurrent(text_of, 1, before="a")  # type: ignore[call-arg]
    run_concurrent(joined, 1)  # type: ignore[call-overload]
    run_concurrent(account.deposit, "1")  # type: ignore[call-overload]
    run_concurrent(Account, "1")  # type: ignore[call-overload]
    results: list[str] = run_concurrent(one)  # type: ignore[call-overload]
    results.sort()


def run_concurrent_with_workers(run_concurrent: RunConcurrent, account: Account, values: list[int]) -> None:
    run_concurrent(1, workers=2)  # type: ignore[call-overload]
    run_concurrent(one, workers="2")  # type: ignore[call-arg, call-overload]
    run_concurrent(one, timeout="2")  # type: ignore[call-arg, call-overload]
    run_concurrent(one, 1, workers=2)  # type: ignore[arg-type]
    run_concurrent(text_of, workers=2)  # type: ignore[arg-type, call-arg]
    run_concurrent(text_of, timeout=2)  # type: ignore[arg-type, call-arg]
    run_concurrent(text_of, "1", workers=2)  # type: ignore[arg-type]
    run_concurrent(text_of, "1", timeout=2)  # type: ignore[arg-type]
    run_concurrent(text_of, "1", workers=2, timeout=2)  # type: ignore[arg-type]
    run_concurrent(text_of, "1", after="a", workers=2)  # type: ignore[arg-type]
    run_concurrent(text_of, 1, 2, workers=2)  # type: ignore[arg-type, call-arg]
    run_concurrent(text_of, 1, "a", 3, workers=2)  # type: ignore[arg-type, call-arg]
    run_concurrent(both, 1, workers=2)  # type: ignore[arg-type]
    run_concurrent(account.deposit, "1", workers=2)  # type: ignore[arg-type]
    run_concurrent(Account, "1", workers=2)  # type: ignore[arg-type]
    run_concurrent(values.append, "1", workers=2)  # type: ignore[arg-type]
    results: list[str] = run_concurrent(one, workers=2)  # type: ignore[arg-type, call-arg]
    results.sort()


def what_workers_leaves_no_place_for(run_concurrent: RunConcurrent) -> None:
    """Right calls that are errors, and wrong calls that are none: keyword arguments beside `workers`."""
    run_concurrent(joined, 1, separator=",", workers=2)  # type: ignore[arg-type]
    run_concurrent(both, first=1, second="a", workers=2)  # type: ignore[arg-type, call-arg]
    run_concurrent(text_of, 1, before="a", workers=2)
    run_concurrent(text_of, 1, after=2, workers=2)
    # Checked completely:
    run_concurrent(lambda: joined(1, separator=","), workers=2)
    run_concurrent(lambda: joined(1, separator=2), workers=2)  # type: ignore[arg-type, call-arg]


def each(run_concurrent: RunConcurrent) -> None:
    run_concurrent.each(one, [1])  # type: ignore[arg-type]
    run_concurrent.each(text_of, 1)  # type: ignore[arg-type]
    run_concurrent.each(text_of, ["1"])  # type: ignore[arg-type]
    run_concurrent.each(text_of, [1], workers=2)  # type: ignore[call-arg]
    results: list[int] = run_concurrent.each(text_of, [1])  # type: ignore[arg-type]
    results.sort()


def together(run_concurrent: RunConcurrent) -> None:
    run_concurrent.together(one, 1)  # type: ignore[call-overload]
    run_concurrent.together(one, text_of)  # type: ignore[arg-type]
    run_concurrent.together(text_of, one, one)  # type: ignore[arg-type]
    run_concurrent.together(one, one, one, one, one, text_of)  # type: ignore[arg-type]
    run_concurrent.together(one, workers=2)  # type: ignore[call-overload]
    results: list[str] = run_concurrent.together(one, lambda: "a")  # type: ignore[arg-type]
    results.sort()


def pools(thread_pool: ThreadPool, process_pool: ProcessPool) -> None:
    thread_pool.submit(text_of)  # type: ignore[call-arg]
    thread_pool.submit(text_of, "1")  # type: ignore[arg-type]
    thread_pool.submit(text_of, 1, before="a")  # type: ignore[call-arg]
    thread_pool.submit(text_of, 1).result() + 1  # type: ignore[operator]
    process_pool.submit(text_of)  # type: ignore[call-arg]
    process_pool.submit(text_of, "1")  # type: ignore[arg-type]
    process_pool.submit(text_of, 1).result() + 1  # type: ignore[operator]
    process_pool.of("2")  # type: ignore[arg-type]
    process_pool.grace = "30"  # type: ignore[assignment]


def barrier_and_worker(barrier: WorkersBarrier, worker: Worker) -> None:
    barrier.of()  # type: ignore[call-arg]
    barrier.of("2")  # type: ignore[arg-type]
    barrier.wait("2")  # type: ignore[arg-type]
    worker.index = 2  # type: ignore[misc]
    worker.name + 1  # type: ignore[operator]
    per_worker(1)  # type: ignore[type-var]


def race_detector_methods(race_detector: RaceDetector) -> None:
    race_detector.watch()  # type: ignore[call-arg]
    race_detector.watch(Account(1), 1)  # type: ignore[arg-type]
    race_detector.watch(Account(1)).amount  # type: ignore[attr-defined]
    race_detector.allow(1)  # type: ignore[arg-type]
    race_detector.races[0].third  # type: ignore[attr-defined]
    race_detector.explore(text_of)  # type: ignore[arg-type]
    race_detector.explore(text_of, setup=Account)  # type: ignore[arg-type, misc]
    race_detector.explore(text_of, setup=lambda: "1")  # type: ignore[misc]
    race_detector.explore(one, setup=lambda: 1)  # type: ignore[arg-type]
    race_detector.explore(one, 2)  # type: ignore[call-overload]


def stress(run_stress: RunStress) -> None:
    run_stress(text_of)  # type: ignore[arg-type]
    run_stress(text_of, setup=lambda: "1")  # type: ignore[misc]
    run_stress(one, setup=lambda: 1)  # type: ignore[arg-type]
    run_stress(one, threads="2")  # type: ignore[call-overload]
    run_stress(one, 2, 2, 2)  # type: ignore[call-overload]
    run_stress(one).assert_latency(p95=1)  # type: ignore[call-arg]
    run_stress(one).throughputs  # type: ignore[attr-defined]


def resources(measure_speedup: MeasureSpeedup, resource_limits: LimitResources) -> None:
    measure_speedup(one)  # type: ignore[call-arg]
    measure_speedup(text_of, one)  # type: ignore[arg-type]
    measure_speedup(one, one, repeats="5")  # type: ignore[arg-type]
    measure_speedup(one, one).assert_at_least("2")  # type: ignore[arg-type]
    resource_limits(64)  # type: ignore[call-arg]
    resource_limits(files=64)  # type: ignore[call-arg]
    resource_limits(memory=1.5)  # type: ignore[arg-type]
