"""Rows of stress runs, written by hand: the input for the tests of the reports."""

from __future__ import annotations

import random
from typing import Any

from pytest_interleave.stress._latencies import Latencies

from ..trace.timelines import NASTY, STRANGE

TRACEBACK = """Traceback (most recent call last):
  File "/home/me/project/test_pool.py", line 13, in test_pool
    pool.get(timeout=0.1)
  File "/home/me/project/pool.py", line 40, in get
    raise PoolExhausted("no connection within 0.1 s")
pool.PoolExhausted: no connection within 0.1 s"""
STACK = """Stack (most recent call last):
  File "/home/me/project/test_pool.py", line 31, in test_transfer
    with second:"""


def run(test: str = "test_pool", threads: int = 10, each: int = 200, **more: Any) -> dict[str, Any]:
    """The row of a run in which all is well, but for what is given."""
    chance = random.Random(0)
    latencies = Latencies()
    seconds = [chance.lognormvariate(-9, 1.2) for _ in range(threads * each)]
    latencies.add(seconds)
    length = sum(seconds) / threads
    per_thread = [
        {"name": f"stress-{number}", "operations": each, "failed": 0, "seconds": length, "rate": each / length}
        for number in range(threads)
    ]
    slices = [[round(length * part / 20, 6), threads * each // 20] for part in range(1, 21)]
    return {
        "nodeid": test if "::" in test else f"test_pool.py::{test}",
        "name": "test_pool",
        "marker": "stress",
        "outcome": "passed",
        "min_success_rate": 1.0,
        "missed": [],
        "threads": threads,
        "planned": threads * each,
        "operations": threads * each,
        "succeeded": threads * each,
        "failed": 0,
        "success_rate": 1.0,
        "seconds": round(length, 4),
        "throughput": threads * each / length,
        "latency": latencies.summary()._asdict(),
        "histogram": latencies.histogram(),
        "per_thread": per_thread,
        "fairness": 1.0,
        "errors": [],
        "hung": [],
        "throughput_over_time": slices,
        "peak_threads": threads + 2,
        "memory_growth": 1_300_000,
        "check_error": None,
        "check_left_out": False,
    } | more


def error(kind: str = "pool.PoolExhausted", count: int = 200, **more: Any) -> dict[str, Any]:
    """A group of exceptions."""
    return {
        "type": kind,
        "message": "no connection within 0.1 s",
        "file": "pool.py",
        "line": 40,
        "count": count,
        "threads": 10,
        "thread": "stress-3",
        "traceback": TRACEBACK,
        "in_setup": False,
    } | more


def hung(number: int = 0, **more: Any) -> dict[str, Any]:
    """A thread that hung."""
    return {
        "name": f"stress-{number}",
        "stack": STACK,
        "operation": 12,
        "ended": True,
        "where": "test_pool.py:31",
    } | more


def missed() -> dict[str, Any]:
    """A run that fails, with everything in it that there can be."""
    row = run("test_pool_under_load")
    for number, thread in enumerate(row["per_thread"]):
        thread["failed"] = 5 * number
        thread["operations"] = 200 - 8 * number
    return row | {
        "outcome": "failed",
        "min_success_rate": 0.95,
        "missed": [
            "success rate 88.8 % (225 of 2,000 failed), required >= 95 %",
            "2 of 10 threads hung",
            "check() raised AssertionError: 3 connections were never given back",
        ],
        "success_rate": 0.8875,
        "failed": 225,
        "succeeded": 1775,
        "fairness": 0.91,
        "errors": [
            error(),
            error("ValueError", 20, message="a long message " * 30, file="pool.py", line=7),
            error("TimeoutError", 4, in_setup=True, threads=1),
            error("others", 1, message="", file="", line=0, thread="", traceback=""),
        ],
        "hung": [hung(2), hung(7, ended=False)],
        "check_error": "AssertionError: 3 connections were never given back",
    }


def never_ended() -> dict[str, Any]:
    """No operation ended."""
    nothing = dict.fromkeys(("p50", "p90", "p99", "max", "min", "mean"))
    return run(
        "test_transfer",
        threads=2,
        outcome="failed",
        missed=["2 of 2 threads hung"],
        operations=2,
        failed=2,
        succeeded=0,
        success_rate=0.0,
        throughput=0.0,
        seconds=0.5,
        latency=nothing,
        histogram={"bounds": [], "counts": []},
        per_thread=[
            {"name": f"stress-{number}", "operations": 0, "failed": 0, "seconds": 0.5, "rate": 0.0} for number in (0, 1)
        ],
        fairness=0.0,
        hung=[hung(0), hung(1, operation=0)],
        throughput_over_time=[[0.25, 0], [0.5, 0]],
        memory_growth=None,
        check_left_out=True,
    )


def skipped() -> dict[str, Any]:
    """One that ended before its first operation."""
    return never_ended() | {
        "nodeid": "test_pool.py::test_skipped",
        "outcome": "skipped",
        "missed": [],
        "operations": 0,
        "failed": 0,
        "seconds": 0.0,
        "hung": [],
        "check_left_out": False,
        "throughput_over_time": [[0.0, 0]],
    }


def single() -> dict[str, Any]:
    """One thread, one operation."""
    latencies = Latencies()
    latencies.add([0.003])
    return run(
        "test_single",
        threads=1,
        each=1,
        latency=latencies.summary()._asdict(),
        histogram=latencies.histogram(),
        seconds=0.003,
        throughput_over_time=[[0.003, 1]],
    )


def nasty() -> dict[str, Any]:
    """Texts that would break a report that does not escape them."""
    texts = NASTY + STRANGE + " | `` @everyone #1 ```\n</details>\r\n\n# no heading"
    row = run(f"test_x.py::test_it[{texts}]", marker=None, name=texts, outcome="failed", missed=[texts])
    for thread in row["per_thread"]:
        thread["name"] = texts
    return row | {
        "failed": 3,
        "errors": [error(texts, message=texts, file=texts, traceback=f"{texts}\n{texts}", thread=texts)],
        "hung": [hung(name=texts, stack=texts, where=texts)],
        "check_error": texts,
    }


def rows() -> list[dict[str, Any]]:
    """One run of each kind."""
    return [
        run("test_reads"),
        run("test_of_a_hundred_threads", threads=100, each=30),
        run("test_queue", marker=None, name="push", min_success_rate=None),
        missed(),
        never_ended(),
        skipped(),
        single(),
        run("test_expected", outcome="xfailed", missed=["check() raised AssertionError"]),
        nasty(),
    ]


def speedup(nodeid: str = "test_scaling.py::test_primes") -> dict[str, Any]:
    """What was measured once."""
    return {
        "nodeid": nodeid,
        "ratio": 1.91,
        "spread": [1.85, 1.94],
        "sequential": 1.2,
        "parallel": 0.63,
        "cores": 2,
        "repeats": 5,
        "_text": "speed-up 1.91x (1.85x to 1.94x in 5 pairs): 1.20 s sequential, 630.0 ms parallel, 2 cores",
    }
