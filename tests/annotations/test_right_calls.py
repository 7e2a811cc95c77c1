"""Right calls of each fixture, and the types of their results, which mypy checks; they are run, too."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, assert_type

import pytest

from pytest_interleave import (
    HungProcess,
    InterleaveWarning,
    Leak,
    LimitResources,
    MeasureSpeedup,
    ProcessPool,
    Race,
    RaceDetector,
    ResourceLimits,
    RunConcurrent,
    RunStress,
    Speedup,
    StressResult,
    ThreadPool,
    Worker,
    WorkersBarrier,
    per_worker,
)


class Account:
    def __init__(self, balance: int, limit: int = 0) -> None:
        self.balance = balance
        self.limit = limit

    def deposit(self, amount: int, note: str = "") -> float:
        return float(self.balance + amount + len(note))


def nothing() -> None:
    pass


def one() -> int:
    return 1


def text_of(number: int, after: str = "") -> str:
    return f"{number}{after}"


def joined(number: int, *, separator: str) -> bytes:
    return separator.join([str(number)]).encode()


class TestRunConcurrent:
    def test_every_argument_is_given(self, run_concurrent: RunConcurrent) -> None:
        assert assert_type(run_concurrent(one), list[int]) == [1, 1]
        assert assert_type(run_concurrent(nothing), list[None]) == [None, None]
        assert assert_type(run_concurrent(text_of, 1, "a"), list[str]) == ["1a", "1a"]
        assert assert_type(run_concurrent(text_of, number=1, after="a"), list[str]) == ["1a", "1a"]
        assert assert_type(run_concurrent(joined, 1, separator=","), list[bytes]) == [b"1", b"1"]

    def test_arguments_with_defaults_are_left_out(self, run_concurrent: RunConcurrent) -> None:
        assert assert_type(run_concurrent(text_of, 1), list[str]) == ["1", "1"]
        assert assert_type(run_concurrent(text_of, 1, workers=1), list[str]) == ["1"]

    def test_the_number_of_workers_and_the_time(self, run_concurrent: RunConcurrent) -> None:
        number: int | None = None
        assert assert_type(run_concurrent(one, workers=3), list[int]) == [1, 1, 1]
        assert assert_type(run_concurrent(one, timeout=10), list[int]) == [1, 1]
        assert assert_type(run_concurrent(one, workers=1, timeout=None), list[int]) == [1]
        assert assert_type(run_concurrent(one, workers=number), list[int]) == [1, 1]
        assert assert_type(run_concurrent(text_of, 1, "a", workers=1), list[str]) == ["1a"]
        assert assert_type(run_concurrent(text_of, 1, "a", timeout=10), list[str]) == ["1a", "1a"]
        assert assert_type(run_concurrent(text_of, 1, after="a", workers=1), list[str]) == ["1a"]

    def test_whatever_can_be_called(self, run_concurrent: RunConcurrent) -> None:
        account = Account(1)
        values: list[int] = []
        known: dict[str, int] = {}
        assert assert_type(run_concurrent(account.deposit, 1, workers=1), list[float]) == [2.0]
        assert assert_type(run_concurrent(Account, 1, workers=1), list[Account])[0].balance == 1
        assert assert_type(run_concurrent(lambda: "a", workers=1), list[str]) == ["a"]
        assert assert_type(run_concurrent(functools.partial(joined, 1, separator=","), workers=1), list[bytes]) == [
            b"1"
        ]
        run_concurrent(values.append, 1, workers=1)
        run_concurrent(known.setdefault, "a", 1, workers=1)
        run_concurrent(int, "1", workers=1)
        assert values == [1]
        assert known == {"a": 1}

    def test_each(self, run_concurrent: RunConcurrent) -> None:
        assert assert_type(run_concurrent.each(text_of, range(2)), list[str]) == ["0", "1"]
        assert assert_type(run_concurrent.each(lambda number: number + 1, [1, 2], timeout=10), list[int]) == [2, 3]
        assert assert_type(run_concurrent.each(Account(1).deposit, (1, 2)), list[float]) == [2.0, 3.0]

    def test_together(self, run_concurrent: RunConcurrent) -> None:
        together = run_concurrent.together
        assert assert_type(together(one), list[int]) == [1]
        assert assert_type(together(one, one, timeout=10), list[int]) == [1, 1]
        assert assert_type(together(one, nothing), list[int | None]) == [1, None]
        assert assert_type(together(one, lambda: "a"), list[int | str]) == [1, "a"]
        assert assert_type(together(one, nothing, lambda: "a"), list[int | str | None]) == [1, None, "a"]
        assert assert_type(together(one, one, one, nothing), list[int | None]) == [1, 1, 1, None]
        assert assert_type(together(one, one, one, one, nothing), list[int | None]) == [1, 1, 1, 1, None]
        assert assert_type(together(*[one] * 6), list[int]) == [1] * 6


class TestPools:
    def test_thread_pool(self, thread_pool: ThreadPool) -> None:
        executor: ThreadPoolExecutor = thread_pool
        assert executor is thread_pool
        assert assert_type(thread_pool.submit(text_of, 1, after="a"), Future[str]).result() == "1a"
        assert [*assert_type(thread_pool.map(text_of, [1, 2]), Iterator[str])] == ["1", "2"]

    def test_process_pool(self, process_pool: ProcessPool) -> None:
        executor: ProcessPoolExecutor = process_pool
        assert executor is process_pool
        process_pool.grace = 30
        other = assert_type(process_pool.of(1), ProcessPool)
        future = assert_type(other.submit(abs, -1), Future[int])
        assert future.result() == 1
        assert [*assert_type(other.map(str, [1, 2]), Iterator[str])] == ["1", "2"]

    def test_both_are_executors(self, thread_pool: ThreadPool) -> None:
        def first_of(executor: Executor) -> int:
            return executor.submit(one).result()

        assert first_of(thread_pool) == 1


class TestBarrier:
    def test_it_is_a_barrier(self, barrier: WorkersBarrier, run_concurrent: RunConcurrent) -> None:
        def meet(where: threading.Barrier) -> int:
            return where.wait()

        assert sorted(assert_type(run_concurrent(meet, barrier), list[int])) == [0, 1]
        three = assert_type(barrier.of(3), WorkersBarrier)
        assert sorted(run_concurrent(meet, three, workers=3)) == [0, 1, 2]


class TestWorker:
    @per_worker
    @pytest.fixture
    def number(self, worker: Worker) -> int:
        return worker.index

    @pytest.fixture
    @per_worker
    def name(self, worker: Worker) -> str:
        return worker.name

    @pytest.mark.thread_safety(workers=2, schedules=2)
    def test_its_attributes(self, worker: Worker, number: int, name: str) -> None:
        assert assert_type(worker.index, int) == number
        assert assert_type(worker.name, str) == name
        assert assert_type(worker.count, int) == 2


class TestRaceDetector:
    @pytest.mark.concurrency(schedules=2)
    def test_a_marked_test(self, race_detector: RaceDetector, run_concurrent: RunConcurrent) -> None:
        account = assert_type(race_detector.watch(Account(1), "balance"), Account)
        run_concurrent(account.deposit, 1)
        race_detector.allow("balance", "Account.limit")
        assert assert_type(race_detector.races, list[Race]) == []

    def test_exploring(self, race_detector: RaceDetector) -> None:
        def deposit(account: Account) -> float:
            return account.deposit(1)

        seen = assert_type(race_detector.explore(one, schedules=2), Mapping[Any, int])
        assert list(seen) == [(1, 1)]
        assert list(race_detector.explore(deposit, workers=1, schedules=1, setup=lambda: Account(1))) == [2.0]


class TestRunStress:
    def test_the_result(self, run_stress: RunStress) -> None:
        result = assert_type(run_stress(one, threads=2, operations=2), StressResult)
        assert assert_type(result.assert_no_errors(), StressResult) is result
        assert assert_type(result.throughput, float) > 0
        assert assert_type(result.latency.p50, float) >= 0
        assert assert_type([group.count for group in result.errors], list[int]) == []

    def test_setup(self, run_stress: RunStress) -> None:
        def deposit(account: Account) -> float:
            return account.deposit(1)

        run_stress(deposit, 2, 2, setup=lambda: Account(1), check=lambda: True).assert_no_errors()


class TestResources:
    def test_speedup(self, measure_speedup: MeasureSpeedup) -> None:
        speedup = assert_type(measure_speedup(one, nothing, repeats=1), Speedup)
        assert assert_type(speedup > 0, bool)
        assert assert_type(speedup.ratio, float) > 0

    def test_limits(self, resource_limits: LimitResources) -> None:
        with resource_limits(threads=64) as limits:
            assert_type(limits, ResourceLimits)
        assert assert_type(limits.leaks, list[Leak]) == []


def test_exceptions_and_warnings_are_classes() -> None:
    exceptions: list[type[BaseException]] = [HungProcess]
    warnings: list[type[Warning]] = [InterleaveWarning]
    assert len(exceptions + warnings) == 2
