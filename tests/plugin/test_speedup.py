"""The fixture `measure_speedup`: in tests of each kind, in the summary and in JSON."""

from __future__ import annotations

from .conftest import XDIST

SOURCE = """
@pytest.fixture
def measured_before(measure_speedup):
    measure_speedup(lambda: 1, lambda: 2, repeats=1)

def test_results(measured_before, measure_speedup):
    speedup = measure_speedup(lambda: 3, lambda: 4, repeats=2)
    assert (speedup.sequential_result, speedup.parallel_result) == (3, 4)
    assert speedup > 0
    speedup.assert_at_least(1e-6)

def test_skipped(measure_speedup):
    measure_speedup(int, int).assert_at_least(2, cores=10_000)

def test_failed(measure_speedup):
    assert measure_speedup(int, int, repeats=3) > 1e9

def test_raises(measure_speedup):
    with pytest.raises(ZeroDivisionError):
        measure_speedup(lambda: 1 / 0, int)

@pytest.mark.parametrize("marker", [0])
@pytest.mark.concurrency
def test_marked(marker, measure_speedup):
    measure_speedup(int, int)
"""


def test_in_assertions_and_summary(run, report):
    done = run(SOURCE, "-rs", "--interleave-json=report.json", *XDIST)
    done.result.assert_outcomes(passed=2, skipped=1, failed=2)
    done.result.stdout.fnmatch_lines(
        [
            "E *assert <Speedup *x (*x to *x in 3 pairs): * sequential, * parallel, * core*> > 1000000000.0",
            "*= interleave =*",
        ]
    )
    done.result.stdout.fnmatch_lines(
        [
            "E  *RuntimeError: measure_speedup needs real time and cannot be used in a concurrency test. "
            "Measure in an unmarked test.",
            "SKIPPED [[]1] test_it.py:*: a speed-up of 2 needs 10000 cores; this process sees *",
        ]
    )
    speedups = report()["speedups"]
    in_order = [speedup for speedup in speedups if speedup["nodeid"] == "test_it.py::test_results"]
    assert [speedup["repeats"] for speedup in in_order] == [1, 2]
    assert len(speedups) == 4
    for speedup in speedups:
        assert sorted(speedup) == ["cores", "nodeid", "parallel", "ratio", "repeats", "sequential", "spread"]
        assert speedup["spread"][0] <= speedup["ratio"] <= speedup["spread"][1]
        assert speedup["sequential"] > 0
        assert speedup["parallel"] > 0
        # Of a ratio that was rounded before, another digit may come out.
        lines = done.lines(f"{speedup['nodeid']}: speed-up ")
        shown = [line.partition(": speed-up ")[2].partition("x")[0] for line in lines]
        assert any(abs(float(ratio) - speedup["ratio"]) < 0.011 for ratio in shown)


def test_without_a_marked_test(run, report):
    done = run("def test_it(measure_speedup):\n    measure_speedup(int, int)\n", "-q", "--interleave-json=report.json")
    done.result.stdout.fnmatch_lines(["*= interleave =*", "test_it.py::test_it: speed-up *x (*"])
    assert "interleave:" not in done.text
    written = report()
    assert (len(written["speedups"]), written["tests"]) == (1, [])
