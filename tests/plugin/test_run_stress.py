"""The fixture `run_stress`."""

from __future__ import annotations

from .test_summary import section

SOURCE = """
import queue

LOCKS = threading.Lock(), threading.Lock()

def test_figures(run_stress):
    items = queue.Queue()
    result = run_stress(lambda: items.put(1), threads=4, operations=25, check=lambda: items.qsize() == 100)
    result.assert_no_errors().assert_success_rate(1.0)
    assert (result.operations, result.name) == (100, "<lambda>")
    assert result.check_error is None

def test_setup_is_for_each_thread(run_stress):
    made = []

    def setup():
        made.append([])
        return made[-1]

    run_stress(list.append, threads=3, setup=lambda: setup().append, name="two").assert_success_rate(0)
    assert len(made) == 3

def test_arguments(run_stress):
    for wrong, told in (
        (lambda: run_stress(3), "operation=3: must be a function"),
        (lambda: run_stress(int, setup=1), "setup=1: must be a function"),
        (lambda: run_stress(int, threads="2"), "threads='2': must be an integer >= 1"),
    ):
        with pytest.raises(TypeError, match=told):
            wrong()
    async def later():
        pass
    with pytest.raises(TypeError, match="threads cannot await it"):
        run_stress(later)
    with pytest.raises(ValueError, match="threads=0: must be an integer >= 1"):
        run_stress(int, threads=0)
    with pytest.raises(ValueError, match="seconds=-3"):
        run_stress(int, seconds=-3)

def test_unseen_errors(run_stress):
    run_stress(lambda: 1 / 0, threads=2, operations=3, name="divide")

def test_unseen_check(run_stress):
    assert run_stress(int, threads=2, operations=3, check=lambda: False).failed == 0

def test_unseen_hang(run_stress):
    gates = iter([LOCKS, LOCKS[::-1]])
    both = threading.Barrier(2)
    def operation():
        first, second = next(gates)
        with first:
            both.wait()
            with second:
                pass
    assert run_stress(operation, threads=2, operations=1, timeout=0.3).failed == 2
    assert all(lock.acquire(timeout=5) for lock in LOCKS)

def test_seen(run_stress):
    result = run_stress(lambda: 1 / 0, threads=2, operations=3)
    (group,) = result.errors
    assert (group.type, group.count) == ("ZeroDivisionError", 6)

def test_missed(run_stress):
    run_stress(lambda: 1 / 0, threads=2, operations=3, name="divide").assert_success_rate(0.5)

def test_expects_to_miss(run_stress):
    with pytest.raises(AssertionError):
        run_stress(lambda: 1 / 0, threads=2, operations=3).assert_no_errors()

def test_skips(run_stress):
    run_stress(lambda: pytest.skip("not here"))

@pytest.mark.concurrency(schedules=2)
def test_controlled(run_stress, run_concurrent):
    run_concurrent(int)
    with pytest.raises(RuntimeError, match="run_stress needs real threads and cannot be used with @concurrency"):
        run_stress(int)

@pytest.mark.stress(threads=2, operations=2)
def test_within(run_stress):
    run_stress(int, threads=2, operations=2).assert_no_errors()
"""


def test_outcomes(run, report):
    done = run(SOURCE, "--interleave-json=report.json", verbose=False)
    warnings = done.text.count("InterleaveWarning: ")
    done.result.assert_outcomes(passed=10, failed=1, errors=3, skipped=1, warnings=warnings)
    text = done.text
    for shown in (
        "ERROR at teardown of test_unseen_errors",
        "ERROR at teardown of test_unseen_check",
        "ERROR at teardown of test_unseen_hang",
        "run_stress: 6 of 6 operations failed, and the test did not check that.\n",
        "help: call result.assert_no_errors(), or handle result.errors\n",
        "run_stress: check() returned False, and the test did not check that.\n",
        "run_stress: 2 of 2 threads hung (timeout 0.3 s), and the test did not check that.\n",
        "success rate 0 % (6 of 6 failed), required >= 50 %",
    ):
        assert shown in text, shown
    # A failed assertion of the result is one of the test, not of ours.
    assert ">       run_stress" in text or ">   run_stress" in text or "    run_stress(lambda: 1 / 0" in text
    assert "_result.py" not in text
    assert any(line.startswith("test_missed divide: 6 × ZeroDivisionError at test_it.py:") for line in section(text))
    rows = report()["stress"]
    by_name = {row["nodeid"].partition("::")[2]: row for row in rows}
    assert by_name["test_figures"]["marker"] is None
    assert by_name["test_figures"]["min_success_rate"] is None
    assert by_name["test_unseen_errors"]["outcome"] == by_name["test_missed"]["outcome"] == "failed"
    assert by_name["test_missed"]["missed"] == ["success rate 0 % (6 of 6 failed), required >= 50 %"]
    assert by_name["test_seen"]["missed"] == by_name["test_expects_to_miss"]["missed"] == []
    assert by_name["test_unseen_check"]["missed"] == ["check() returned False"]
    assert by_name["test_seen"]["outcome"] == "passed"
    # Of the test itself, and of each of the four operations in it.
    assert sum(row["nodeid"].endswith("test_within") for row in rows) == 5


def test_asked_for_in_the_body(run, report):
    source = """
def test_it(request):
    request.getfixturevalue("run_stress")(int, threads=2, operations=3)

def test_exit(run_stress):
    run_stress(lambda: pytest.exit("enough"))

def test_never():
    raise AssertionError
"""
    done = run(source, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1)
    assert "Exit: enough" in done.text
    (row,) = report()["stress"]
    assert (row["nodeid"], row["operations"], row["outcome"]) == ("test_it.py::test_it", 6, "passed")
