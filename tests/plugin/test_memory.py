"""Failing schedules are remembered in pytest's cache: tried first, dropped when they have passed, never in the way."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from pytest_interleave.plugin.known._memory import Memory
from tests.thorough import thorough

from .conftest import XDIST, token_in
from .sources import LOCKED_COUNTER, LOST_UPDATE, LOST_UPDATE_OF_UNITTEST

MARK = "pytestmark = pytest.mark.concurrency(seconds=None, seed=3)\n"
REMEMBERED = "Found in schedule 1 of up to 200 (failed in an earlier run, 1 preemption)."


@pytest.fixture
def cache(pytester):
    return pytester.path / ".pytest_cache" / "d" / "interleave" / "failures.json"


def remembered(cache):
    written = json.loads(cache.read_text("utf-8"))
    assert written["version"] == 1
    return {nodeid: [one["passes"] for one in kept] for nodeid, kept in written["failures"].items()}


def test_a_failure_is_found_again_in_the_first_schedule(run, cache, report):
    first = run(MARK + LOST_UPDATE, "--interleave-json=report.json")
    first.result.assert_outcomes(failed=1)
    assert report()["tests"][0]["found_at"] > 1
    assert remembered(cache) == {"test_it.py::test_it": [0]}
    # With another seed and an edit elsewhere.
    again = run("\n\nUNUSED = 1\n" + MARK + LOST_UPDATE, "--interleave-json=report.json", seed=9)
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines([REMEMBERED])
    (row,) = report()["tests"]
    assert (row["found_at"], row["schedules"], row["strategy"]) == (1, 1, "remembered")
    assert token_in(again.text) == token_in(first.text)
    assert remembered(cache) == {"test_it.py::test_it": [0]}


@thorough
def test_after_three_passes_it_is_forgotten(run, cache):
    run(MARK + LOST_UPDATE)
    for passes in (1, 2):
        run(MARK + LOCKED_COUNTER + LOST_UPDATE).result.assert_outcomes(passed=1)
        assert remembered(cache) == {"test_it.py::test_it": [passes]}
    # Passes count in a row.
    run(MARK + LOST_UPDATE).result.stdout.fnmatch_lines([REMEMBERED])
    assert remembered(cache) == {"test_it.py::test_it": [0]}
    for _ in range(3):
        run(MARK + LOCKED_COUNTER + LOST_UPDATE).result.assert_outcomes(passed=1)
    assert remembered(cache) == {}
    run(MARK + LOST_UPDATE).result.stdout.fnmatch_lines(["Found in schedule 2 of up to 200 (*"])


def test_what_is_remembered_comes_besides_the_schedules(run, cache):
    run(MARK + LOST_UPDATE)
    done = run(MARK.replace("seconds=None", "seconds=1e-9") + LOCKED_COUNTER + LOST_UPDATE)
    done.result.stdout.fnmatch_lines(["PASSED *::test_it  sampled: * (stopped after 1e-09 s, 2 of 201 schedules)"])


def test_forget(run, cache):
    run(MARK + LOST_UPDATE)
    again = run(MARK + LOST_UPDATE, "--interleave-forget")
    again.result.stdout.fnmatch_lines(["Found in schedule 2 of up to 200 (*"])
    assert remembered(cache) == {"test_it.py::test_it": [0]}
    # All of them, whatever runs.
    run("def test_other(): pass\n", "--interleave-forget").result.assert_outcomes(passed=1)
    assert remembered(cache) == {}


def test_what_was_not_run_is_kept_and_what_passed_before_is_not_written(run, cache):
    fine = "\ndef test_fine(run_concurrent):\n    pass\n"
    source = MARK + LOST_UPDATE + LOST_UPDATE.replace("test_it", "test_two") + fine
    run(source, "-k", "test_fine").result.assert_outcomes(passed=1, deselected=2, warnings=1)
    assert not cache.exists()
    run(source, "-x").result.assert_outcomes(failed=1)
    assert remembered(cache) == {"test_it.py::test_it": [0]}
    run(source, "-k", "test_two")
    assert remembered(cache) == {"test_it.py::test_it": [0], "test_it.py::test_two": [0]}
    run(source.replace("counter.value == 2", "counter.value"), "-k", "test_two").result.assert_outcomes(
        passed=1, deselected=2
    )
    assert remembered(cache) == {"test_it.py::test_it": [0], "test_it.py::test_two": [1]}


@thorough
def test_last_failed_and_cache_clear(run, cache):
    source = MARK + LOST_UPDATE + "\ndef test_fine(run_concurrent):\n    run_concurrent(int)\n"
    run(source).result.assert_outcomes(failed=1, passed=1)
    again = run(source, "--lf")
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines([REMEMBERED])
    first = run(source, "--ff", "-x")
    first.result.assert_outcomes(failed=1)
    cleared = run(source, "--cache-clear")
    cleared.result.assert_outcomes(failed=1, passed=1)
    cleared.result.stdout.no_fnmatch_line("*remembered*")


def test_each_set_of_parameters_and_each_class_has_its_own(run, cache):
    mark = "@pytest.mark.concurrency(seconds=None)"
    source = f"""
{mark}
@pytest.mark.parametrize("wanted", [0, 2], ids=["any", "it's [2]"])
def test_it(wanted, counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value >= wanted
""" + LOST_UPDATE_OF_UNITTEST.replace("MARK", mark)
    run(source).result.assert_outcomes(failed=2, passed=1)
    names = {"test_it.py::test_it[it's [2]]", "test_it.py::TestCase::test_it"}
    assert remembered(cache) == dict.fromkeys(names, [0])
    again = run(source)
    again.result.assert_outcomes(failed=2, passed=1)
    assert len([line for line in again.text.splitlines() if "(failed in an earlier run" in line]) == 2


def test_a_renamed_test_starts_over(run, cache):
    run(MARK + LOST_UPDATE)
    again = run(MARK + LOST_UPDATE.replace("test_it", "test_renamed"))
    again.result.stdout.fnmatch_lines(["Found in schedule 2 of *(*"])
    assert remembered(cache) == {"test_it.py::test_it": [0], "test_it.py::test_renamed": [0]}


def test_an_expected_failure_is_remembered_too(run, cache):
    expected = MARK + "\n@pytest.mark.xfail(strict=True)" + LOST_UPDATE
    run(expected).result.assert_outcomes(xfailed=1)
    again = run(expected)
    again.result.assert_outcomes(xfailed=1)
    again.result.stdout.fnmatch_lines(
        ["XFAILED *::test_it  expected failure: lost update on * (schedule 1 of up to *)"]
    )
    # The bug is fixed: strict, the test says so.
    run(MARK + LOCKED_COUNTER + "\n@pytest.mark.xfail(strict=True)" + LOST_UPDATE).result.assert_outcomes(failed=1)
    assert remembered(cache) == {"test_it.py::test_it": [1]}


def test_a_test_that_is_skipped_forgets_nothing(run, cache):
    run(MARK + LOST_UPDATE)
    run(MARK + "\n@pytest.mark.skip" + LOST_UPDATE).result.assert_outcomes(skipped=1)
    assert remembered(cache) == {"test_it.py::test_it": [0]}


@thorough
def test_replays_and_pins_are_not_remembered(run, cache):
    token = token_in(run(MARK + LOST_UPDATE).text)
    run(None, "--interleave-forget", f"--interleave-replay={token}").result.assert_outcomes(failed=1)
    assert remembered(cache) == {}
    run(MARK + f"\n@pytest.mark.interleaving('{token}')" + LOST_UPDATE).result.assert_outcomes(failed=1)
    assert remembered(cache) == {}


def test_under_xdist(run, cache):
    source = MARK + LOST_UPDATE + LOST_UPDATE.replace("test_it", "test_two")
    run(source, *XDIST).result.assert_outcomes(failed=2)
    assert remembered(cache) == {"test_it.py::test_it": [0], "test_it.py::test_two": [0]}
    again = run(source, *XDIST)
    again.result.assert_outcomes(failed=2)
    assert again.text.count("(failed in an earlier run") == 2
    assert [path.name for path in cache.parent.iterdir()] == ["failures.json"]
    # And in one process what was found in several.
    assert run(source).text.count("(failed in an earlier run") == 2


@thorough
def test_groups_of_xdist_are_no_part_of_a_name(run, cache):
    source = MARK + "\n@pytest.mark.xdist_group('together')" + LOST_UPDATE
    first = run(source, *XDIST, "--dist=loadgroup")
    first.result.assert_outcomes(failed=1)
    assert remembered(cache) == {"test_it.py::test_it": [0]}
    assert first.command[1] == "test_it.py::test_it"
    run(None, *first.command[1:]).result.assert_outcomes(failed=1)
    again = run(source, plugins=True)
    again.result.stdout.fnmatch_lines([REMEMBERED])


@thorough
def test_a_worker_that_crashes_costs_no_memory_of_others(run, cache):
    source = MARK + LOST_UPDATE
    run(source)
    done = run(
        source
        + """
def test_crash(run_concurrent):
    run_concurrent(os._exit, 3)
""",
        *XDIST,
        "--max-worker-restart=0",
        "--dist=each",
        "--tx=popen",
    )
    assert "INTERNALERROR" not in done.text
    assert remembered(cache) == {"test_it.py::test_it": [0]}


def test_another_run_at_the_same_time_is_not_overwritten(run, cache, pytester):
    pytester.makeconftest(
        """
import json, pathlib, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    # What another run has written in the meantime.
    path = pathlib.Path(".pytest_cache/d/interleave/failures.json")
    written = json.loads(path.read_text("utf-8"))
    written["failures"]["test_other.py::test_it"] = [{"token": "AAAA", "passes": 0}]
    path.write_text(json.dumps(written), "utf-8")
"""
    )
    cache.parent.mkdir(parents=True)
    cache.write_text('{"version": 1, "failures": {}}')
    run(MARK + LOST_UPDATE)
    assert remembered(cache) == {"test_other.py::test_it": [0], "test_it.py::test_it": [0]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"failures": {}}',
        '{"version": 1}',
        '{"version": 1, "failures": []}',
        '{"version": 1, "failures": {"test_it.py::test_it": "AgEN"}}',
        '{"version": 1, "failures": {"test_it.py::test_it": [{"token": "AgEN"}]}}',
        '{"version": 1, "failures": {"test_it.py::test_it": [{"token": "AgEN", "passes": "x"}]}}',
        '{"version": 1, "failures": {"test_it.py::test_it": [{"token": "AgEN", "passes": Infinity}]}}',
        '{"version": 1, "failures": {"test_it.py::test_it": [{"token": "AgEN", "passes": null}]}}',
        "[" * 200_000,
        b"\xff\xfe",
    ],
    ids=str.split(
        "empty truncated list null no-version no-failures list-of-failures token-alone no-passes text infinite none "
        "deep no-text"
    ),
)
def test_what_is_damaged_is_not_read(cache, text):
    cache.parent.mkdir(parents=True)
    cache.write_bytes(text if isinstance(text, bytes) else text.encode())
    pytest_cache = SimpleNamespace(_cachedir=cache.parents[2])
    memory = Memory(SimpleNamespace(cache=pytest_cache), forget=False)
    assert memory.schedules_of("test_it.py::test_it") == []
    assert memory.trouble.startswith("ignoring saved schedules: ")
    assert memory.trouble.endswith("failures.json is corrupt")


def test_a_damaged_entry_is_one_message_and_no_more(run, cache):
    cache.parent.mkdir(parents=True)
    cache.write_text("{")
    done = run(MARK + LOST_UPDATE)
    done.result.assert_outcomes(failed=1)
    assert "INTERNALERROR" not in done.text
    assert len(done.lines("WARNING: ignoring saved schedules: ")) == 1
    assert "failures.json is corrupt" in done.text
    # It is a good one again.
    assert remembered(cache) == {"test_it.py::test_it": [0]}


def test_tokens_of_other_versions_wait_for_them(run, cache):
    cache.parent.mkdir(parents=True)
    kept = [{"token": token, "passes": 1} for token in ("", "AAAA", "é", "x" * 5000, "BBBB")]
    cache.write_text(json.dumps({"version": 1, "failures": {"test_it.py::test_it": kept}}))
    done = run(MARK + LOST_UPDATE)
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(["Found in schedule 2 of *(*"])
    assert "WARNING" not in done.text
    # Five of them at most, the last failure first.
    assert remembered(cache) == {"test_it.py::test_it": [0, 1, 1, 1, 1]}


def test_a_cache_of_another_version_is_left_out(run, cache):
    cache.parent.mkdir(parents=True)
    cache.write_text(json.dumps({"version": 2, "failures": "another form"}))
    done = run(MARK + LOST_UPDATE)
    done.result.assert_outcomes(failed=1)
    assert "WARNING" not in done.text
    assert remembered(cache) == {"test_it.py::test_it": [0]}


def test_a_token_of_another_test_costs_a_schedule_and_no_more(run, cache):
    run(MARK + LOST_UPDATE.replace("test_it", "test_other"))
    text = cache.read_text("utf-8").replace("::test_other", "::test_it")
    cache.write_text(text, "utf-8")
    fine = "def test_it(run_concurrent):\n    run_concurrent.together(int, str)\n"
    done = run(MARK + fine)
    done.result.assert_outcomes(passed=1)
    assert remembered(cache) == {"test_it.py::test_it": [1]}


@pytest.mark.parametrize("where", [".pytest_cache", ".pytest_cache/d", ".pytest_cache/d/interleave"])
def test_a_cache_that_cannot_be_used_costs_no_results(run, pytester, where):
    path = pytester.path / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a file")
    done = run(MARK + LOST_UPDATE, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1, warnings=done.text.count("PytestCacheWarning: "))
    assert done.result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in done.text
    assert len(done.lines("WARNING: cannot save failing schedules: ")) == 1
    assert len(done.lines("WARNING: ")) == 1


def test_an_entry_that_cannot_be_replaced_leaves_no_files_behind(run, cache):
    cache.mkdir(parents=True)
    (cache / "file").touch()
    done = run(MARK + LOST_UPDATE)
    done.result.assert_outcomes(failed=1)
    assert len(done.lines("WARNING: ")) == 1
    assert [path.name for path in cache.parent.iterdir()] == ["failures.json"]


def test_without_a_cache_nothing_is_remembered(run, cache):
    for _ in range(2):
        done = run(MARK + LOST_UPDATE, "-p", "no:cacheprovider")
        done.result.assert_outcomes(failed=1)
        done.result.stdout.fnmatch_lines(["Found in schedule 2 of *(*"])
    run(MARK + LOST_UPDATE, "-p", "no:cacheprovider", "--interleave-forget").result.assert_outcomes(failed=1)
    assert not cache.exists()


def test_warnings_as_errors(run, cache):
    run(MARK + LOST_UPDATE, "-W", "error").result.assert_outcomes(failed=1)
    run(MARK + LOST_UPDATE, "-W", "error").result.stdout.fnmatch_lines([REMEMBERED])
    run(MARK + LOCKED_COUNTER + LOST_UPDATE, "-W", "error").result.assert_outcomes(passed=1)


def test_what_was_found_when_caches_were_filled_is_found_again_in_a_fresh_process(run, cache):
    source = (
        MARK
        + """
import functools

@functools.cache
def shared():
    return Counter()

def test_it(run_concurrent):
    shared().value = 0
    run_concurrent(lambda: shared().increment())
    assert shared().value == 2
"""
    )
    run(source).result.assert_outcomes(failed=1)
    again = run(source)
    again.result.assert_outcomes(failed=1)
    again.result.stdout.fnmatch_lines(["Found in schedule 1 of up to 200 (failed in an earlier run*"])
