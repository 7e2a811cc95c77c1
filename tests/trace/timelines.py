"""Timelines made by hand, and reports of tests that have them: what the tests of the page show.

To see them in a browser, and after each change of a template:

    python -c "from tests.trace.timelines import page; print(page())" > page.html
"""

from __future__ import annotations

from typing import Any

from pytest_interleave.pages._page import render
from pytest_interleave.trace._events import Event
from pytest_interleave.trace._timeline import Arrow, Held, Timeline
from pytest_interleave.trace.words._evidence import Evidence

READ, WRITE = "balance = self.balance", "self.balance = balance + amount"
LOCKS = "with source.lock, target.lock:"
FIRST, SECOND = "Lock #1 (created at bank.py:11)", "Lock #2 (created at bank.py:11)"


def lost_update() -> Timeline:
    """Two deposits that read the same balance."""
    start = "run_concurrent(account.deposit, 50, workers=2)"
    test = ("test_bank.py:19", "test_deposit", start)
    read, write = ("bank.py:15", "deposit", READ), ("bank.py:16", "deposit", WRITE)
    what = "Account.balance"
    return Timeline(
        threads=("main", "worker-0", "worker-1"),
        events=(
            Event(1, 0, "start", "worker-0", *test, ""),
            Event(2, 0, "start", "worker-1", *test, ""),
            Event(4, 1, "read", what, *read, "100"),
            Event(6, 2, "read", what, *read, "100", switch=True),
            Event(7, 2, "write", what, *write, "100 -> 150"),
            Event(9, 1, "write", what, *write, "150 -> 150"),
            Event(11, 0, "join", "worker-0", *test, ""),
            Event(12, 0, "join", "worker-1", *test, ""),
            Event(13, 0, "read", what, "test_bank.py:20", "test_deposit", "assert account.balance == 200", "150"),
        ),
        held=(),
        arrows=(Arrow(4, 7, what), Arrow(6, 9, what), Arrow(7, 9, what), Arrow(9, 13, what)),
        steps=13,
        bug="Lost update on Account.balance",
        evidence=(
            Evidence(3, "worker-0 reads 100", *read[::2]),
            Evidence(6, "worker-1 writes 100 -> 150", *write[::2]),
            Evidence(8, "worker-0 writes 150 -> 150", *write[::2]),
        ),
        help="make read and write one atomic step: hold one lock from bank.py:15 to 16",
        reported=(4, 7, 9),
    )


def deadlock() -> Timeline:
    """Two transfers that take two locks in opposite orders."""
    start = ("test_bank.py:31", "test_transfer", "run_concurrent.together(")
    take = ("bank.py:26", "transfer", LOCKS)
    return Timeline(
        threads=("main", "worker-0", "worker-1"),
        events=(
            Event(1, 0, "start", "worker-0", *start, ""),
            Event(2, 0, "start", "worker-1", *start, ""),
            Event(4, 1, "acquire", FIRST, *take, ""),
            Event(6, 2, "acquire", SECOND, *take, "", switch=True),
            Event(7, 2, "acquire", FIRST, *take, "", waits=True),
            Event(8, 1, "acquire", SECOND, *take, "", waits=True),
            Event(9, 0, "join", "worker-0", *start, "", waits=True),
        ),
        held=(Held(1, FIRST, 4, 6), Held(2, SECOND, 6, 6)),
        arrows=(),
        steps=6,
        bug="Deadlock: lock-order inversion between Lock #1 and Lock #2",
        help="acquire these locks in the same order everywhere, or guard both with one more lock",
    )


def locked() -> Timeline:
    """Locks inside each other, given back in time, and one that was taken before the first step shown."""
    what, outer, inner = "Cache.entries[key]", "RLock (created at cache.py:8)", "Lock (created at cache.py:9)"
    store = ("cache.py:31", "Cache.store", "self.entries[key] = value")
    load = ("cache.py:24", "Cache.load", "return self.entries[key] if key in self.entries else self.compute(key)")
    return Timeline(
        threads=("main", "reader", "writer"),
        events=(
            Event(20, 2, "acquire", outer, "cache.py:29", "Cache.store", "with self.lock:", ""),
            Event(21, 2, "acquire", inner, "cache.py:30", "Cache.store", "with self.stats_lock:", ""),
            Event(23, 1, "read", what, *load, "1", switch=True),
            Event(25, 2, "write", what, *store, "1 -> 2", switch=True),
            Event(26, 2, "release", inner, "cache.py:30", "Cache.store", "with self.stats_lock:", ""),
            Event(27, 2, "release", outer, "cache.py:29", "Cache.store", "with self.lock:", ""),
            Event(29, 1, "read", what, *load, "2"),
        ),
        held=(Held(1, "Lock (created at conftest.py:3)", 5, 40), Held(2, outer, 20, 27), Held(2, inner, 21, 26)),
        arrows=(Arrow(23, 25, what), Arrow(25, 29, what)),
        steps=41,
    )


def crowd(threads: int = 20, events: int = 40) -> Timeline:
    """Many threads that all do the same."""
    what = "Statistics.counters['requests']"
    steps = [
        Event(
            step=100 + 3 * number,
            thread=1 + number * 7 % (threads - 1),
            kind="write" if number % 3 == 2 else "read",
            what=what,
            place=f"statistics.py:{40 + number % 5}",
            function="Statistics.count",
            source="self.counters[name] = self.counters.get(name, 0) + weights[kind] * amount",
            value=f"{number} -> {number + 1}" if number % 3 == 2 else str(number),
            switch=number % 4 == 3,
        )
        for number in range(events)
    ]
    return Timeline(
        threads=("main", *(f"ThreadPoolExecutor-0_{number}" for number in range(threads - 1))),
        events=tuple(steps),
        held=tuple(
            Held(1 + number, "Lock (created at statistics.py:12)", 100 + 6 * number, 103 + 6 * number)
            for number in range(10)
        ),
        arrows=tuple(
            Arrow(first.step, second.step, what)
            for first, second in zip(steps, steps[1:], strict=False)
            if "write" in (first.kind, second.kind) and first.thread != second.thread
        ),
        steps=1234,
        notes=(f"{threads - 1} threads read and write {what}.",),
    )


NASTY = "</script><script>document.title = 'broken'</script><!-- <script> & \"quotes\" 'too' {{ 7 * 7 }} {% raw %}"
STRANGE = "\0\x1b[31mred\x7f \ud83d lone \u202eturned 👩‍👩‍👧 naïve — ✓"


def nasty() -> Timeline:
    """Texts that would break a page that does not escape them."""
    return Timeline(
        threads=("main", NASTY, STRANGE),
        events=(
            Event(1, 1, "write", NASTY, NASTY, NASTY, f"print({NASTY!r})", STRANGE + NASTY),
            Event(2, 2, STRANGE, STRANGE, STRANGE, STRANGE, STRANGE, "x" * 3000, switch=True),
        ),
        held=(Held(1, NASTY, 1, 2),),
        arrows=(Arrow(1, 2, NASTY),),
        steps=2,
        bug=NASTY,
        evidence=(Evidence(0, STRANGE, NASTY, STRANGE), Evidence(1, NASTY, STRANGE, NASTY)),
        notes=(NASTY + STRANGE,),
        help=STRANGE + NASTY,
    )


def empty() -> Timeline:
    """No step that is worth showing."""
    return Timeline((), (), (), (), 3, "")


def row(name: str, timeline: Timeline | None = None, kind: str = "test failure", **more: Any) -> dict[str, Any]:
    """The figures of a test; with a finding where there is a timeline, or a `message`."""
    message = more.pop("message", None)
    found = None
    if timeline is not None or message is not None:
        found = {
            "kind": kind,
            "message": message
            or "AssertionError: assert 150 == 200\n +  where 150 = <bank.Account object at 0x7f>.balance",
            "token": "AQMNAYEoT8MNBQACAQMCjtWU",
            "preemptions": 1,
            "help": None if timeline is None else timeline.help or None,
        }
    failed = found is not None
    return {
        "nodeid": name if "::" in name else f"test_bank.py::{name}",
        "marker": "concurrency",
        "outcome": "failed" if failed else "passed",
        "schedules": 2 if failed else 22,
        "distinct": 2,
        "exhaustive": not failed,
        "coverage": {
            "text": "sampled: 2 interleavings, total unknown" if failed else "exhaustive: all 2 interleavings",
        },
        "found_at": 2 if failed else None,
        "strategy": "exhaustive" if failed else "auto",
        "seconds": 0.1226,
        "finding": found,
        "_timeline": None if timeline is None else timeline.as_json(),
        "_command": f"pytest 'test_bank.py::{name}' --interleave-replay=AQMNAYEoT8MNBQACAQMCjtWU" if failed else None,
        "_difference": None,
        "_warnings": [],
        "_ended_by": "finding" if failed else "exhaustive",
        "_planned": 200,
    } | more


DEADLOCK = """Deadlock: lock-order inversion between Lock #1 and Lock #2
  worker-1 waits for Lock #1 at bank.py:26, holds Lock #2 since bank.py:26
  worker-0 waits for Lock #2 at bank.py:26, holds Lock #1 since bank.py:26
  Lock #1 and Lock #2 were created at bank.py:11"""


def rows() -> list[dict[str, Any]]:
    """A run with one test of each kind."""
    warning = "thread 'worker-0' blocked at io.py:3 where the scheduler cannot see it, and was set aside"
    sampled = "sampled: 31 % chance that one more shows something new, about 203 classes or more"
    return [
        row("test_deposit", lost_update()),
        row("test_deposit_locked"),
        row("test_transfer", deadlock(), "deadlock", message=DEADLOCK),
        row("test_cache.py::test_store", locked(), outcome="xfailed", _warnings=[warning]),
        row("test_statistics.py::test_crowd", crowd(), "data race", message="DataRace: data race"),
        row(f"test_nasty.py::test_it[{NASTY}{STRANGE}]", nasty(), STRANGE, message=NASTY + STRANGE, _command=NASTY),
        row("test_nothing_shared", empty(), _difference="This execution could not be repeated."),
        row("test_skipped", outcome="skipped", _ended_by="skip"),
        row("test_slow", _ended_by="seconds", schedules=151, coverage={"text": sampled}),
        row("test_replayed", outcome="failed", _ended_by="replay", _difference="The execution did not follow it."),
    ]  # fmt: skip


def page(
    tests: list[dict[str, Any]] | None = None,
    stress: list[dict[str, Any]] | None = None,
    speedups: list[dict[str, Any]] | None = None,
) -> str:
    """The page for these tests, or for `rows()`."""
    return render(
        rows() if tests is None else tests,
        plugin="0.1.0",
        python="3.13.0",
        seed=0,
        stress=stress or [],
        speedups=speedups or [],
    )
