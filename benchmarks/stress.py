"""What stress costs over the same threads written by hand: an operation of about 10 µs of computing.

    python benchmarks/stress.py

By hand: threads that meet at a `threading.Barrier` and call the function in a bare `for` loop, with the same switch
interval, and once more with the interpreter's default one. The runs come in threes, in turns which of them is first;
the figures are medians of the ratios of runs that came together. A run is timed from the barrier to the end of the
last thread. Last, how much memory 100 threads with 1,000 operations each take.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable

from pytest_interleave.stress import make_plan, run_stress

SMALLEST = 1e-6


def make_operation(microseconds: float) -> Callable[[], object]:
    """A function that computes for about so long."""

    def operation_of(rounds: int) -> Callable[[], object]:
        def operation() -> None:
            value = 0
            for number in range(rounds):
                value += number

        return operation

    best = min(seconds_of(operation_of(10_000)) for _ in range(20))
    return operation_of(max(1, round(10_000 * microseconds * 1e-6 / best)))


def seconds_of(function: Callable[[], object]) -> float:
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def by_hand(operation: Callable[[], object], threads: int, operations: int, interval: float) -> float:
    """Seconds from the barrier to the end of the last thread."""
    barrier = threading.Barrier(threads + 1)
    ends: list[float] = []

    def work() -> None:
        barrier.wait()
        for _ in range(operations):
            operation()
        ends.append(time.perf_counter())

    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        started = [threading.Thread(target=work) for _ in range(threads)]
        for thread in started:
            thread.start()
        # The last party: the threads are let go now, as by stress.
        begin = time.perf_counter()
        barrier.wait()
        for thread in started:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    return max(ends) - begin


def by_stress(operation: Callable[[], object], threads: int, operations: int) -> float:
    figures = run_stress(lambda _: operation, make_plan(threads, operations), name="operation")
    if figures.succeeded != threads * operations:
        raise SystemExit(f"{figures.failed} operations failed")
    return figures.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of stress over threads by hand.")
    parser.add_argument("--rounds", type=int, default=15, help="runs of each kind (default: 15)")
    parser.add_argument("--operations", type=int, default=20_000, help="of all threads together (default: 20000)")
    parser.add_argument("--microseconds", type=float, default=10, help="of an operation (default: 10)")
    arguments = parser.parse_args()
    operation = make_operation(arguments.microseconds)
    default = sys.getswitchinterval()
    print("| threads | by hand | default switch interval | stress | ratio to by hand | ratio to the default interval |")
    print("|---|---|---|---|---|---|")
    for threads in (2, 10, 100):
        each = arguments.operations // threads
        kinds: list[Callable[[], float]] = [
            lambda threads=threads, each=each: by_hand(operation, threads, each, SMALLEST),
            lambda threads=threads, each=each: by_hand(operation, threads, each, default),
            lambda threads=threads, each=each: by_stress(operation, threads, each),
        ]
        times: list[list[float]] = [[], [], []]
        for turn in range(arguments.rounds):
            for offset in range(3):
                kind = (turn + offset) % 3
                times[kind].append(kinds[kind]() / (each * threads) * 1e6)
        hand, plain, stress = times
        same = statistics.median(mine / other for mine, other in zip(stress, hand, strict=True))
        against = statistics.median(mine / other for mine, other in zip(stress, plain, strict=True))
        cells = " | ".join(f"{statistics.median(kind):.2f} µs" for kind in times)
        print(f"| {threads} | {cells} | {same:.3f} | {against:.3f} |", flush=True)
    figures = run_stress(lambda _: operation, make_plan(100, 1_000), name="operation")
    growth = figures.memory_growth
    shown = "not available" if growth is None else f"{growth / 2**20:.1f} MiB"
    print(f"\n100 threads × 1,000 operations: {figures.seconds:.2f} s, memory growth {shown}")


if __name__ == "__main__":
    main()
