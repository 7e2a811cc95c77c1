"""Predicted deadlocks: confirmed ones are findings, the others are warnings."""

from __future__ import annotations

import re

LOCKS = """
def in_threads(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def take_two(first, second):
    with first:
        with second:
            pass


class Pair:
    def __init__(self):
        self.left = threading.Lock()
        self.right = threading.Lock()


@pytest.fixture
def pair():
    return Pair()
"""

DEADLOCK = """
@pytest.mark.concurrency{arguments}
def test_it(pair):
    counters = [Counter(), Counter()]

    def work(first, second, counter):
        for _ in range(30):
            counter.increment()
        take_two(first, second)
        for _ in range(30):
            counter.increment()

    in_threads(
        lambda: work(pair.left, pair.right, counters[0]),
        lambda: work(pair.right, pair.left, counters[1]),
    )
"""

#: Two threads of which one waits for the other, by what is neither a start nor a join.
ORDERED = """
@pytest.mark.concurrency{arguments}
def test_it(pair):
    done = threading.Event()
    counter = Counter()

    def one():
        for _ in range(10):
            counter.increment()
        take_two(pair.left, pair.right)
        done.set()

    def two():
        for _ in range(10):
            counter.increment()
        done.wait()
        take_two(pair.right, pair.left)

    in_threads(one, two)
"""


def test_deadlock_is_found_by_steering_and_replays(run, report):
    found = run(LOCKS + DEADLOCK.format(arguments=""), "--interleave-json=report.json")
    found.result.assert_outcomes(failed=1)
    assert "Found in schedule 2 of up to 200 (predicted from the lock order, seed 1, 1\npreemption)." in found.text
    assert "not confirmed" not in found.text
    (row,) = report()["tests"]
    assert (row["found_at"], row["strategy"], row["finding"]["kind"]) == (2, "steered", "deadlock")
    again = run(None, *found.command[1:])
    again.result.assert_outcomes(failed=1)
    assert "Replayed from token" in again.text
    assert "Deadlock: lock-order inversion between Lock #1 and Lock #2" in again.text


def test_a_thread_that_ran_for_long_beside_one_that_was_held_back_does_so_again(run):
    # The scheduler lets others run after some steps in a row that change nothing that is shared.
    body = """
class Account:
    def __init__(self):
        self.lock = threading.Lock()
        self.balance = 100


def transfer(source, target):
    with source.lock:
        source.balance -= 1
        with target.lock:
            target.balance += 1


@pytest.mark.concurrency(seconds=60)
def test_it():
    first, second, third, fourth = [Account() for _ in range(4)]

    def work(source, own, target):
        for _ in range(60):
            transfer(source, own)
        transfer(source, target)

    in_threads(lambda: work(first, third, second), lambda: work(second, fourth, first))
"""
    found = run(LOCKS + body)
    found.result.assert_outcomes(failed=1)
    assert "(predicted from the lock order" in found.text
    assert "Could not reproduce" not in found.text
    run(None, *found.command[1:]).result.assert_outcomes(failed=1)


def test_steering_comes_with_every_strategy_that_samples(run, report):
    strategies = ["pct", "pos", "random", "surw", "swarm", "urw"]
    tests = (
        DEADLOCK.format(arguments=f"(strategy={strategy!r})").replace("test_it", f"test_{strategy}")
        for strategy in strategies
    )
    found = run(LOCKS + "".join(tests), "--interleave-json=report.json")
    found.result.assert_outcomes(failed=len(strategies))
    for strategy, row in zip(strategies, report()["tests"], strict=True):
        # In the first one by chance, perhaps.
        assert row["found_at"] <= 4
        assert row["strategy"] == ("steered" if row["found_at"] > 1 else strategy)


def test_unconfirmed_prediction_is_a_warning(run):
    done = run(LOCKS + ORDERED.format(arguments='(strategy="random", schedules=40)'))
    done.result.assert_outcomes(passed=1, warnings=1)
    assert done.text.count("possible deadlock (not confirmed): lock-order inversion") == 1
    flat = " ".join(done.text.split())
    assert "Thread-1 locks Lock #1 (test_it.py:" in flat
    assert "Thread-2 locks Lock #2 (test_it.py:" in flat
    assert "Lock #1 was created at test_it.py:" in flat
    assert "Tried 3 schedules to trigger it. If something else keeps these threads apart, ignore this warning." in flat
    assert re.search(r"PASSED test_it\.py::test_it \S.* \(40 schedules, ", flat)


def test_warning_can_be_an_error(run):
    done = run(LOCKS + ORDERED.format(arguments='(strategy="random", schedules=40)'), "-Werror")
    done.result.assert_outcomes(failed=1)
    assert "possible deadlock (not confirmed)" in done.text


def test_no_warning_where_all_schedules_were_run_and_no_prediction_in_exhaustive_search(run):
    all_run = ORDERED.format(arguments="").replace("range(10)", "range(1)")
    exhaustive = ORDERED.format(arguments='(strategy="exhaustive", schedules=4)').replace("test_it", "test_exhaustive")
    done = run(LOCKS + all_run + exhaustive)
    done.result.assert_outcomes(passed=2)
    assert "not confirmed" not in done.text
    (line,) = done.lines("PASSED test_it.py::test_it  ")
    assert "exhaustive" in line


def test_a_quarter_of_the_schedules_at_most(run):
    steered = {
        3: "No schedules were left to try it: raise schedules= in the marker.",
        4: "Tried 1 schedule to trigger it.",
        8: "Tried 2 schedules to trigger it.",
    }
    tests = (
        ORDERED.format(arguments=f'(strategy="random", schedules={schedules})').replace("test_it", f"test_{schedules}")
        for schedules in steered
    )
    done = run(LOCKS + "".join(tests))
    done.result.assert_outcomes(passed=len(steered), warnings=len(steered))
    flat = " ".join(done.text.partition(" warnings summary ")[2].split())
    for schedules, said in steered.items():
        warning = flat.partition(f"test_it.py::test_{schedules} ")[2].partition("test_it.py::")[0]
        assert said in warning
        assert re.search(rf"::test_{schedules}  .* \({schedules} schedules, ", done.text)


def test_predictions_that_differ_only_in_the_threads_are_one_warning(run):
    done = run(
        LOCKS
        + """
@pytest.mark.concurrency(strategy="random", schedules=40)
def test_it(pair):
    done = threading.Barrier(4)

    def one():
        take_two(pair.left, pair.right)
        done.wait()

    def two():
        done.wait()
        take_two(pair.right, pair.left)

    in_threads(one, one, two, two)
"""
    )
    done.result.assert_outcomes(passed=1, warnings=1)
    assert "Tried 6 schedules to trigger it." in " ".join(done.text.split())


def test_another_finding_is_no_occasion_for_the_warning(run):
    done = run(LOCKS + ORDERED.format(arguments='(strategy="random")') + "    assert counter.value == 20\n")
    done.result.assert_outcomes(failed=1)
    assert "not confirmed" not in done.text


def test_correct_programs_are_left_alone(run):
    done = run(
        LOCKS
        + """
pytestmark = pytest.mark.concurrency(strategy="random", schedules=40)


def test_same_order(pair):
    in_threads(*[lambda: take_two(pair.left, pair.right)] * 3)


def test_gate(pair):
    gate = threading.RLock()

    def work(first, second):
        with gate:
            take_two(first, second)

    in_threads(lambda: work(pair.left, pair.right), lambda: work(pair.right, pair.left))


def test_one_after_the_other(pair):
    other = threading.Lock()
    in_threads(lambda: take_two(pair.left, pair.right), lambda: take_two(other, pair.right))
    in_threads(lambda: take_two(pair.right, pair.left), lambda: take_two(pair.right, other))


def test_back_off(pair):
    def work(first, second):
        while True:
            with first:
                if second.acquire(blocking=False):
                    second.release()
                    return
            time.sleep(0.01)

    in_threads(lambda: work(pair.left, pair.right), lambda: work(pair.right, pair.left))


def test_timeout(pair):
    def work(first, second):
        with first:
            if second.acquire(timeout=1):
                second.release()

    in_threads(lambda: work(pair.left, pair.right), lambda: work(pair.right, pair.left))
""",
        "-Werror",
    )
    done.result.assert_outcomes(passed=5)
