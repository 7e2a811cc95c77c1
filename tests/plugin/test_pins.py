"""Schedules pinned in the source, by the marker `interleaving`."""

from __future__ import annotations

import pytest

from pytest_interleave.explore import NameOfTest, Switch, Token
from tests.thorough import thorough

from .conftest import XDIST, token_in
from .sources import LOCKED_COUNTER, LOST_UPDATE, LOST_UPDATE_OF_UNITTEST

MARK = "@pytest.mark.concurrency(seconds=None)"


def pin(*tokens):
    return f"\n@pytest.mark.interleaving({', '.join(map(repr, tokens))})\n"


@pytest.fixture
def token(token_of):
    return token_of(MARK + LOST_UPDATE)


def test_a_pin_is_tried_first(run, report, token):
    # Also where none of the strategy's schedules would find it.
    source = pin(token) + MARK.replace("(", "(strategy='exhaustive', schedules=1, ") + LOST_UPDATE
    done = run(source, "--interleave-json=report.json", seed=5)
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(
        ["Found in schedule 1 of up to 1 (pinned with @pytest.mark.interleaving, 1", "preemption)."], consecutive=True
    )
    (row,) = report()["tests"]
    assert (row["strategy"], row["found_at"], row["marker"]) == ("pinned", 1, "concurrency")
    assert token_in(done.text) == row["finding"]["token"] == token


def test_pins_alone(run, report, token):
    failing = run(pin(token) + LOST_UPDATE, "--interleave-json=report.json")
    failing.result.assert_outcomes(failed=1)
    failing.result.stdout.fnmatch_lines(["Found in schedule 1 (pinned with @pytest.mark.interleaving, 1 preemption)."])
    again = run(None, *failing.command[1:])
    again.result.assert_outcomes(failed=1)
    # A lock fixes the bug. The place of the context switch is still there.
    done = run(LOCKED_COUNTER + pin(token) + LOST_UPDATE, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1)
    done.result.stdout.fnmatch_lines(["PASSED *::test_it  pinned schedules only (1 schedule, * s)"])
    (row,) = report()["tests"]
    assert (row["schedules"], row["finding"], row["marker"]) == (1, None, "interleaving")


def test_with_the_marker_concurrency_the_others_follow(run, report, token):
    done = run(LOCKED_COUNTER + pin(token) + MARK + LOST_UPDATE, "--interleave-json=report.json")
    done.result.assert_outcomes(passed=1)
    (row,) = report()["tests"]
    assert row["schedules"] > 10
    assert row["exhaustive"]


def test_a_line_that_was_rewritten_fails_with_what_to_do(run, token):
    rewritten = """
class Other(Counter):
    def increment(self):
        value = 0 + self.value
        self.value = 1 + value

@pytest.fixture
def counter():
    return Other()
"""
    for mark in ("", MARK):
        done = run(rewritten + pin(token) + mark + LOST_UPDATE)
        done.result.assert_outcomes(failed=1)
        done.result.stdout.fnmatch_lines(
            [
                f"E *ScheduleLost: cannot replay {token}: *",
                "*(context switch 1 of 1: its line was edited or is no longer reached).",
                "*If the code has changed and the bug is fixed, remove the token.",
                "*Otherwise run the test without it to get a new one.",
            ]
        )
        assert "_runner.py" not in done.text
        assert "  a pinned schedule cannot be replayed: the code may have changed (1 schedule, " in done.text


def test_edits_elsewhere_and_another_file_are_no_change(run, token, pytester):
    done = run("\nimport string\n\n\ndef unused():\n    pass\n\n" + pin(token) + LOST_UPDATE)
    done.result.assert_outcomes(failed=1)
    moved = pytester.mkdir("below") / "test_elsewhere.py"
    pytester.path.joinpath("test_it.py").rename(moved)
    run(None).result.stdout.fnmatch_lines(["Found in schedule 1 (pinned *"])


def test_a_renamed_test_gets_its_new_token(run, token):
    renamed = LOST_UPDATE.replace("test_it", "test_renamed")
    said = run(pin(token) + renamed).refused_alone()
    assert said.startswith(f"@interleaving('{token}'): token belongs to another test. If this test was renamed, use ")
    new = said.rpartition("use '")[2].removesuffix("'.")
    run(pin(new) + renamed).result.stdout.fnmatch_lines(["Found in schedule 1 (pinned *"])


def test_what_is_no_token_fails_the_test_with_one_line(run):
    said = run(f"@pytest.mark.interleaving(1){LOST_UPDATE}").refused_alone()
    assert said == '@interleaving takes tokens from failure reports: write @pytest.mark.interleaving("TOKEN")'


def test_what_is_no_token_under_xdist_fails_its_test_alone(run):
    markers = {
        "": ' takes tokens from failure reports: write @pytest.mark.interleaving("TOKEN")',
        "(1)": " takes tokens from failure reports: *",
        "(token='AAAA')": " takes tokens from failure reports: *",
        "('AAAA')": ": invalid token 'AAAA' (truncated[?]): copy it to the end of the line",
        "('no token')": ": 'no token' is not a token: copy the whole token *",
        "('')": ": invalid token '' *",
    }
    tests = (
        f"\n@pytest.mark.interleaving{marker}{LOST_UPDATE.replace('test_it', f'test_{number}')}"
        for number, marker in enumerate(markers)
    )
    done = run("".join(tests) + "\ndef test_other():\n    pass\n", *XDIST)
    done.result.assert_outcomes(errors=len(markers), passed=1)
    for error in markers.values():
        done.result.stdout.fnmatch_lines([f"@interleaving{error}"])


def test_a_pin_that_comes_late_and_is_wrong_fails_its_test_alone(run, pytester):
    pytester.makeconftest(
        """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    item.add_marker(pytest.mark.interleaving("AAAA"))
"""
    )
    done = run(LOST_UPDATE)
    done.result.assert_outcomes(errors=1)
    assert "@interleaving: invalid token 'AAAA' (truncated?)" in done.text
    assert "Traceback" not in done.text
    assert "_settings.py" not in done.text


PARAMETERS = """
@pytest.mark.parametrize("wanted", [0, 2, 3], ids=["any", "two", "fails"])
def test_it(wanted, counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value >= wanted
"""


def test_each_set_of_parameters_has_its_pins(run, report):
    found = run(MARK + PARAMETERS, "-p", "no:cacheprovider", "--interleave-json=report.json")
    found.result.assert_outcomes(failed=2, passed=1)
    two, fails = (row["finding"]["token"] for row in report()["tests"] if row["finding"])
    assert two != fails
    source = pin(fails) + pin(two) + PARAMETERS
    run(source, "--interleave-json=report.json").result.assert_outcomes(failed=2, passed=1)
    rows = {row["nodeid"].partition("[")[2]: row for row in report()["tests"]}
    assert rows["two]"]["finding"]["token"] == two
    assert rows["fails]"]["finding"]["token"] == fails
    # There is none for it; to pass, it has to be run.
    assert rows["any]"]["schedules"] == 1


def test_a_set_of_parameters_without_pins_still_runs(run, report):
    source = MARK + PARAMETERS
    two = run(source, "-k", "two", "-p", "no:cacheprovider", "--interleave-json=report.json").command[-1].split("=")[1]
    done = run(pin(two) + PARAMETERS, "-k", "fails or any", "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1, passed=1, deselected=1)
    failed = next(row for row in report()["tests"] if row["finding"])
    assert failed["nodeid"] == "test_it.py::test_it[fails]"
    assert failed["finding"]["message"].startswith("AssertionError: assert 2 >= 3")


def test_no_set_of_parameters_is_taken_for_none():
    # Of these the lowest eight bits of the checksum are 0.
    for parameters in ("49", "197", "266", "548"):
        assert NameOfTest.of("test_it", parameters).parameters != 0


def test_a_pin_of_another_class_of_tests(run, token):
    source = f"""
class TestOne:
    {pin(token).strip()}
    def test_it(self, counter, run_concurrent):
        run_concurrent(counter.increment)
"""
    said = run(source).refused_alone()
    assert said.startswith(f"@interleaving('{token}'): token belongs to another test.")


@thorough
def test_a_pin_for_removed_parameters_is_reported(run):
    two = token_in(run(MARK + PARAMETERS, "-k", "two", "-p", "no:cacheprovider").text)
    renamed = pin(two) + PARAMETERS.replace('"two"', '"second"')
    said = run(renamed).refused_alone()
    assert said.startswith(f"@interleaving('{two}'): token is for parameters this test no longer has: remove it.")
    workers = run(renamed, *XDIST)
    assert "token is for parameters this test no longer has: remove it." in workers.text
    assert "INTERNALERROR" not in workers.text
    # It is there, and only another one was selected.
    run(pin(two) + PARAMETERS, "test_it.py::test_it[any]").result.assert_outcomes(passed=1)


def test_classes_that_inherit_a_test_have_pins_of_their_own(run, report):
    source = """
class Base:
    MARK
    def test_it(self, counter, run_concurrent):
        run_concurrent(counter.increment)
        assert counter.value == 2

class TestOne(Base):
    pass

class TestTwo(Base):
    pass
"""
    run(source.replace("MARK", MARK), "-p", "no:cacheprovider", "--interleave-json=report.json")
    one, two = (row["finding"]["token"] for row in report()["tests"])
    assert one != two
    done = run(source.replace("MARK", pin(two, one).strip()), "--interleave-json=report.json")
    done.result.assert_outcomes(failed=2)
    assert [row["finding"]["token"] for row in report()["tests"]] == [one, two]


def test_unittest(run, token_of):
    case = LOST_UPDATE_OF_UNITTEST
    token = token_of(case.replace("MARK", MARK))
    pinned = case.replace("MARK", pin(token).strip())
    run(pinned).result.stdout.fnmatch_lines(["Found in schedule 1 (pinned *"])
    expected = case.replace("MARK", pin(token).strip() + "\n    @unittest.expectedFailure")
    run(expected).result.assert_outcomes(xfailed=1)
    unexpected = run(LOCKED_COUNTER + expected.replace("Counter()", "Locked()"))
    unexpected.result.assert_outcomes(failed=1)
    assert "Unexpected success" in unexpected.text


@thorough
def test_skips_and_expected_failures(run, token):
    skips = LOST_UPDATE.replace("    run_concurrent", "    pytest.skip('not here')\n    run_concurrent")
    # No place of a context switch is reached, and that is not because of the pin.
    for mark in ("", MARK):
        done = run(pin(token) + mark + skips, "-rs")
        done.result.assert_outcomes(skipped=1)
        assert "not here" in done.text
    xfail = "@pytest.mark.xfail(strict=True)\n"
    run(pin(token) + xfail + LOST_UPDATE).result.assert_outcomes(xfailed=1)
    run(LOCKED_COUNTER + pin(token) + xfail + LOST_UPDATE).result.assert_outcomes(failed=1)
    imperative = LOST_UPDATE.replace("    run_concurrent", "    pytest.xfail('known')\n    run_concurrent")
    run(pin(token) + imperative).result.assert_outcomes(xfailed=1)


@thorough
def test_two_tests_of_one_name_in_two_files(run, pytester, token):
    run(pin(token) + LOST_UPDATE)
    source = pytester.path.joinpath("test_it.py").read_text("utf-8")
    pytester.path.joinpath("test_other.py").write_text(source, "utf-8")
    both = run(None)
    both.result.assert_outcomes(failed=2)
    said = run(None, f"--interleave-replay={token}").one_line_error()
    assert (
        "token matches two tests, test_it.py::test_it and test_other.py::test_it: add the node id to the command."
        in said
    )
    run(None, "test_other.py::test_it", f"--interleave-replay={token}").result.assert_outcomes(failed=1)


def test_places_that_never_were(run, monkeypatch):
    name = NameOfTest.of("test_it", "")
    switch = Switch((0,), 12345, 1, (1,))
    token = str(Token.of_switches([switch, switch], test=name, warm=True))
    monkeypatch.setenv("PYTHONHASHSEED", "random")
    done = run(pin(token) + LOST_UPDATE)
    done.result.assert_outcomes(failed=1)
    assert "(context switch 1 of 2: its line was edited or is no longer reached)" in done.text
    # Nothing in it is a set.
    assert "PYTHONHASHSEED" not in done.text
    done = run(pin(token) + LOST_UPDATE.replace("    run_concurrent(", "    set('ab')\n    run_concurrent(", 1))
    assert "If it iterates over a set of strings, set PYTHONHASHSEED=0: the order varies." in done.flat
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    # It cannot be the reason.
    assert "PYTHONHASHSEED" not in run(None).text


def test_a_choice_of_threads_that_never_were(run):
    name = NameOfTest.of("test_it", "")
    token = str(Token.of_choices([9], test=name, warm=False))
    done = run(pin(token) + LOST_UPDATE)
    done.result.assert_outcomes(failed=1)
    assert f"cannot replay {token}: the test no longer runs as recorded" in done.flat
    assert "(at choice 1, thread 9, which ran next, cannot run)." in done.text


def test_pins_are_in_the_list_of_markers(run):
    done = run(None, "--markers")
    done.result.stdout.fnmatch_lines(
        ["@pytest.mark.interleaving(token, ...): run the recorded schedules of these tokens first, as *"]
    )


def test_warnings_as_errors(run, token):
    run(LOCKED_COUNTER + pin(token) + LOST_UPDATE, "-W", "error", "--strict-markers").result.assert_outcomes(passed=1)


TAKES_LONG = """
import signal

executions = []

{pin}
def test_it(run_concurrent):
    executions.append(1)
    # As if the time were over now.
    signal.raise_signal(signal.SIGALRM)

def teardown_module():
    print(f"executions: {{len(executions)}}")
"""
TIMEOUT = ("-p", "pytest_timeout", "--timeout=600", "--timeout-method=signal", "-s")


@pytest.mark.parametrize("warm", [True, False])
def test_a_time_limit_that_is_over_in_a_known_schedule_ends_the_test(run, report, warm):
    """The limit comes once: what hangs the next time would hang for ever."""
    token = str(Token.of_switches([Switch((0,), 12345, 1, (1,))], test=NameOfTest.of("test_it", ""), warm=warm))
    pinned = run(TAKES_LONG.format(pin=pin(token).strip()), *TIMEOUT)
    replayed = run(
        TAKES_LONG.format(pin="@pytest.mark.concurrency"),
        *TIMEOUT,
        f"--interleave-replay={token}",
        "--interleave-json=report.json",
    )
    for done in (pinned, replayed):
        done.result.assert_outcomes(failed=1)
        assert "Timeout (>600.0s)" in done.text
        assert "executions: 1\n" in done.text
        assert "Replay this schedule" not in done.text
    row = report()["tests"][0]
    # What was to be done before the schedule is not the schedule.
    assert row["schedules"] == (0 if warm else 1)
    assert row["finding"] is None
