"""A wrong marker fails its own test, with its message, and no other test of the run."""

from __future__ import annotations

import pytest

from tests.thorough import some, thorough

from .conftest import XDIST, token_in

WRONG = """
@pytest.mark.concurrency
async def test_async():
    pass

@pytest.mark.thread_safety(schedulles=3)
class TestClass:
    def test_typo(self):
        pass

    @pytest.mark.thread_unsafe
    def test_exempt(self):
        pass

@pytest.mark.stress(threads=0)
def test_value():
    pass

@pytest.mark.interleaving("no-token")
def test_pin():
    pass

@pytest.mark.xfail
@pytest.mark.concurrency(workers=0)
def test_xfail():
    assert 0

@pytest.mark.skip(reason="not here")
@pytest.mark.concurrency(workers=0)
def test_skip():
    pass

@pytest.fixture
def broken():
    pytest.fail("broken")

@pytest.mark.concurrency(seed="x")
def test_fixture(broken):
    pass

@pytest.mark.concurrency(schedules=3)
def test_right(counter, run_concurrent):
    run_concurrent(counter.increment)

def test_plain():
    pass
"""

SAID = {
    "test_async": "@concurrency does not support async def tests: threads only. Write a test that starts threads, or",
    "TestClass::test_typo": "@thread_safety has no argument 'schedulles'. Did you mean 'schedules'?",
    "test_value": "@stress: threads=0",
    "test_pin": "@interleaving: invalid token 'no-token' (truncated?)",
    "test_xfail": "@concurrency(workers=0): must be an integer >= 1",
    "test_fixture": "@concurrency(seed='x'): must be an integer, or None for the seed of the run",
}


@pytest.mark.parametrize("options", [(), XDIST, ("--interleave-shards=2",)], ids=["alone", "xdist", "shards"])
def test_all_errors_are_shown_and_all_other_tests_are_run(run, options):
    done = run(WRONG, *options)
    expected = {"passed": 3, "errors": len(SAID), "skipped": 1}
    if "--interleave-shards=2" in options:
        expected["passed"] += 1
    done.result.assert_outcomes(**expected)
    told = done.refused()
    assert len(told) == len(SAID)
    for said in SAID.values():
        assert any(line.startswith(said) for line in told), said
    # The summary lists all of them, one a line.
    for name, said in SAID.items():
        assert any(
            line.startswith(f"ERROR test_it.py::{name} - Failed: {said[:15]}") for line in done.text.splitlines()
        )


def test_collecting_alone_succeeds(run):
    done = run(WRONG, "--collect-only", "-q")
    assert done.result.ret == 0
    assert "<Function test_value>" in done.text
    assert "no argument" not in done.text


def test_a_test_that_is_not_selected_does_not_matter(run):
    run(WRONG, "-k", "plain or right").result.assert_outcomes(passed=2, deselected=8)
    run(None, "-m", "not (concurrency or interleaving)").result.assert_outcomes(passed=2, deselected=8)


@thorough
def test_wrong_markers_beside_the_test_of_a_token(run):
    source = WRONG + "    pass\n\n@pytest.mark.concurrency\ndef test_race(counter, run_concurrent):\n"
    source += "    run_concurrent(counter.increment)\n    assert counter.value == 2\n"
    token = token_in(run(source, "-p", "no:cacheprovider").text)
    for more in ((), XDIST):
        run(None, f"--interleave-replay={token}", *more).result.assert_outcomes(failed=1)
    wrong = source.replace("concurrency\ndef test_race", "concurrency(workers=-1)\ndef test_race")
    said = run(wrong, f"--interleave-replay={token}").refused_alone()
    assert said.startswith("@concurrency(workers=-1): must be")


def test_a_marker_that_comes_late(run, pytester):
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(item):
            item.add_marker(pytest.mark.concurrency(wrokers=2))
            item.add_marker(pytest.mark.xfail)
        """
    )
    said = run("def test_it():\n    pass\n").refused_alone()
    assert said.startswith("@concurrency has no argument 'wrokers'. Did you mean")


EXEMPT = """
pytestmark = pytest.mark.{}
names = []

@pytest.mark.thread_unsafe(reason="one at a time")
def test_function():
    assert not names
    names.append(threading.current_thread().name)

class TestUnsafe:
    pytestmark = pytest.mark.thread_unsafe

    def test_method(self, capsys):
        names.append(threading.current_thread().name)

    @pytest.mark.concurrency(schedules=2)
    def test_nearer(self, run_concurrent):
        run_concurrent(int)

class TestCase(unittest.TestCase):
    @pytest.mark.thread_unsafe
    def test_unittest(self):
        names.append(threading.current_thread().name)

@pytest.mark.thread_unsafe
async def test_async():
    pass

@pytest.mark.thread_unsafe
def test_end():
    assert names == ["MainThread"] * 3
"""


MARKERS = ["concurrency(workers=2)", "thread_safety", "stress(threads=2, operations=2)"]


@pytest.mark.parametrize("marker", some(MARKERS, 1))
def test_thread_unsafe_exempts_from_the_marker_around(run, report, marker):
    source = EXEMPT.format(marker).replace("async def test_async():\n    pass", "def test_async():\n    pass")
    done = run(source, "-W", "error", "--interleave-json=report.json")
    done.result.assert_outcomes(passed=6)
    done.result.stdout.fnmatch_lines(
        [
            "interleave: 1 concurrency test, seed 1",
            "5 tests marked thread_unsafe: run once, without control",
            "  test_it.py::test_function: one at a time",
            "  test_it.py::TestUnsafe::test_method",
        ]
    )
    written = report()
    assert [row["nodeid"] for row in written["tests"]] == ["test_it.py::TestUnsafe::test_nearer"]
    assert len(written["exempt"]) == 5
    assert written["exempt"][0] == {"nodeid": "test_it.py::test_function", "reason": "thread_unsafe: one at a time"}
    (line,) = run(None, *XDIST, verbose=False).lines("5 tests marked thread_unsafe")
    assert line.endswith("(-v lists them)")


def test_an_asynchronous_test_that_is_exempt_is_for_others(run):
    done = run(EXEMPT.format("concurrency"), "-k", "async")
    assert done.refused() == []
    assert "async def functions are not natively supported" in done.text


GIVEN = """
from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

calls = []

class Machine(RuleBasedStateMachine):
    @rule()
    def step(self):
        calls.append(1)

class TestMachine(Machine.TestCase):
    pass

@given(st.integers())
def test_function(n):
    calls.append(n)

class TestClass:
    @given(n=st.integers())
    def test_method(self, n):
        calls.append(n)

class TestCase(unittest.TestCase):
    @given(n=st.integers())
    def test_case(self, n):
        calls.append(n)
"""


@pytest.mark.parametrize("marker", ["concurrency", "concurrency(workers=2)", "thread_safety", "interleaving()"])
def test_hypothesis_is_refused(run, marker):
    pytest.importorskip("hypothesis")
    marked = GIVEN + f"\npytestmark = pytest.mark.{marker}\n\n@pytest.mark.thread_unsafe\ndef test_end():\n"
    if marker == "interleaving()":
        marked = marked.replace("\n@pytest.mark.thread_unsafe\n", "\n@pytest.mark.skip\n")
    done = run(marked + "    assert not calls\n")
    assert len(done.refused()) == 4, done.text
    name = marker.partition("(")[0]
    assert all(f"@{name} does not support Hypothesis tests" in said for said in done.refused())


def test_real_threads_repeat_what_hypothesis_calls(run):
    pytest.importorskip("hypothesis")
    source = GIVEN + "\nTestClass.pytestmark = [pytest.mark.stress(threads=2, operations=1)]\n"
    run(source).result.assert_outcomes(passed=4)


def test_the_suite_leaves_hypothesis_out(run):
    pytest.importorskip("hypothesis")
    done = run(GIVEN + "\ndef test_plain():\n    pass\n", "--interleave-suite=2")
    done.result.assert_outcomes(passed=1, skipped=4)
    assert "  left out, Hypothesis: 4" in done.text


def test_hypothesis_is_not_imported(run):
    done = run(
        "\n@pytest.mark.concurrency\ndef test_it(run_concurrent):\n    run_concurrent(int)\n"
        "\ndef test_end():\n    import sys\n    assert 'hypothesis' not in sys.modules\n"
    )
    done.result.assert_outcomes(passed=2)
