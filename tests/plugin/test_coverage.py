"""What the summary and the report say of how much was run."""

from __future__ import annotations

import re

LOCKED = """
@pytest.mark.concurrency({arguments})
def test_it(run_concurrent):
    lock = threading.Lock()
    counter = Counter()

    def work():
        with lock:
            counter.value += 1

    run_concurrent(work, workers={workers})
    assert counter.value == {workers}
"""

LOOPS = """
@pytest.mark.concurrency({arguments})
def test_it(counter, run_concurrent):
    def work():
        for _ in range(6):
            counter.increment()

    run_concurrent(work)
"""


def summary_of(done, name="test_it"):
    (line,) = done.lines(f"PASSED test_it.py::{name}  ")
    return re.sub(r", [0-9.]+ s\)$", ")", line)


def test_a_small_test_is_exhaustive(run, report):
    auto = LOCKED.format(arguments="", workers=3).replace("test_it", "test_auto")
    random = LOCKED.format(arguments="strategy='random'", workers=2).replace("test_it", "test_random")
    done = run(
        LOCKED.format(arguments="strategy='exhaustive'", workers=2) + auto + random, "--interleave-json=report.json"
    )
    done.result.assert_outcomes(passed=3)
    assert summary_of(done) == "PASSED test_it.py::test_it  exhaustive: all 2 interleavings (2 schedules)"
    row = report()["tests"][0]
    assert row["exhaustive"] is True
    assert row["coverage"]["status"] == "exhaustive"
    # What samples first checks that, too.
    assert summary_of(done, "test_auto").endswith("  exhaustive: all 6 interleavings (26 schedules)")
    # Equivalent schedules are counted once.
    sampled = "  sampled: 2 distinct interleavings seen, no new ones expected (200 schedules)"
    assert summary_of(done, "test_random").endswith(sampled)


def test_what_is_too_large_is_bounded(run, report):
    done = run(LOOPS.format(arguments="strategy='exhaustive', seconds=None"), "--interleave-json=report.json")
    (row,) = report()["tests"]
    bounded = f"  all schedules with up to 1 preemption (200 schedules, {row['distinct']} distinct)"
    assert summary_of(done).endswith(bounded)
    assert row["exhaustive"] is False
    assert (row["coverage"]["status"], row["coverage"]["preemptions"]) == ("bounded", 1)


def test_what_is_sampled_says_how_much_is_left(run, report):
    strategies = ("auto", "random", "surw")
    tests = (
        LOOPS.format(arguments=f"strategy={strategy!r}, seconds=None").replace("test_it", f"test_{strategy}")
        for strategy in strategies
    )
    done = run("".join(tests), "--interleave-json=report.json")
    for strategy, row in zip(strategies, report()["tests"], strict=True):
        line = summary_of(done, f"test_{strategy}")
        sampled = r"sampled: [\d,]+ of at least ~[\d,]+ interleavings \(next new: \d+ %\) \(200 schedules\)"
        assert re.fullmatch(sampled, line.split("  ")[1])
        coverage = row["coverage"]
        assert coverage["status"] == "sampled"
        assert 0 < coverage["chance_of_new"] <= 1
        assert coverage["estimated_interleavings"] > coverage["interleavings"] == row["distinct"]


def test_timeouts_are_reported(run):
    done = run(
        """
@pytest.mark.concurrency(strategy="exhaustive")
def test_it(counter, run_concurrent):
    def work():
        time.sleep(1)
        counter.increment()

    run_concurrent(work)
"""
    )
    assert summary_of(done).endswith(
        "  exhaustive: all 4 interleavings, assuming no sleep or timeout ends early (4 schedules)"
    )


def test_what_is_not_known_to_be_all_is_not_called_exhaustive(run):
    done = run(
        """
import functools
import socket

@pytest.mark.concurrency(schedules=3)
def test_out_of_control(counter, run_concurrent):
    ours, theirs = socket.socketpair()

    def receive():
        theirs.recv(1)

    def send():
        time.sleep(0.01)
        ours.send(b"x")

    run_concurrent.together(receive, send)
    ours.close()
    theirs.close()

@pytest.mark.concurrency
def test_hidden_by_a_cache_in_c(run_concurrent):
    calls = []

    @functools.lru_cache
    def load(key):
        calls.append(key)
        return key

    run_concurrent(load, 1)
    assert calls

@pytest.mark.concurrency(schedules=20, strategy="exhaustive")
def test_a_daemon_goes_on(counter, run_concurrent):
    def tick():
        while True:
            counter.increment()
            time.sleep(1)

    threading.Thread(target=tick, daemon=True).start()
    run_concurrent(counter.increment)
""",
        "-Wignore",
    )
    done.result.assert_outcomes(passed=3)
    for name in ("test_out_of_control", "test_hidden_by_a_cache_in_c", "test_a_daemon_goes_on"):
        assert "exhaustive" not in summary_of(done, name)
    assert "at most" not in summary_of(done, "test_a_daemon_goes_on")
