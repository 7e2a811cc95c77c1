"""Registries and caches of an assistant: the same tests pass with one version, and find the mistakes of the other."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.thorough import some

from ..docs.pages import blocks
from .test_examples import EXAMPLES, run

pytestmark = pytest.mark.usefixtures("forget_bytecode")

FOLDER = EXAMPLES / "registry"
PAGE = "docs/examples/registry.md"

BODY, WORKER = "test failure", "thread exception"
CHECK = "Check-then-act race on "
# On Python 3.11 a comprehension is a function of its own, in which the container has no name.
ITERATION = "Concurrent modification of {} during iteration|Concurrent modification of a dict during iteration"

#: What is found in the version with the mistakes: its kind, and a part of the bug, the message or the story; with `|`
#: one of these.
FINDINGS = {
    "test_permissions.py::test_all_rules_of_a_new_session_are_kept": (
        BODY,
        f"{CHECK}self._rules['monday']",
    ),
    "test_permissions.py::test_a_session_ends_while_it_is_asked_for": (
        WORKER,
        f"{CHECK}self._rules['monday']",
    ),
    "test_permissions.py::test_sessions_end_while_they_are_listed": (WORKER, ITERATION.format("self._rules")),
    "test_permissions.py::test_no_rule_outlives_its_tool": ("deadlock", "lock-order inversion between Lock and RLock"),
    "test_skills.py::test_one_skill_is_active": (BODY, ".active"),
    "test_skills.py::test_each_activation_replaces_the_one_before": (BODY, ".active"),
    "test_skills.py::test_who_reads_a_skill_has_the_lock": ("data race", "Data race on Skill.active: "),
    "test_skills.py::test_the_prompt_while_a_skill_is_deactivated": (WORKER, ".active"),
    "test_tokens.py::test_the_same_text_twice": ("data race", "an OrderedDict"),
    "test_tokens.py::test_ten_rounds_are_hits_or_misses": (BODY, "Lost update on TokenCounter.hits"),
    "test_tokens.py::test_no_more_entries_than_there_may_be": (BODY, ".popitem() on OrderedDict("),
    "test_tokens.py::test_an_entry_is_evicted_while_it_is_used": (WORKER, ".move_to_end() on OrderedDict("),
    "test_tools.py::test_there_is_one_registry": (WORKER, f"{CHECK}ToolRegistry._instance"),
    "test_tools.py::test_a_name_is_taken_once": (BODY, f"{CHECK}self._tools['grep']"),
    "test_tools.py::test_a_tool_is_deregistered_once": (WORKER, f"{CHECK}self._tools['grep']"),
    "test_tools.py::test_each_its_own_tool": (WORKER, ITERATION.format("self._tools")),
    "test_tools.py::test_readers_see_all_tools_or_none_while_one_clears": (WORKER, "self._tools"),
    "test_tools.py::test_readers_in_the_background_until_they_are_stopped": (
        WORKER,
        ITERATION.format("self._tools"),
    ),
    "test_tools.py::test_every_call_is_counted_while_tools_are_listed": (BODY, "Lost update on Tool.calls"),
    "test_web_cache.py::test_the_size_when_one_page_is_put_in_twice": (BODY, "WebCache._size|self._pages"),
    # Either the wrong size remains, or a worker finds nothing more to evict.
    "test_web_cache.py::test_the_size_when_pages_are_evicted": (f"{BODY}|{WORKER}", "WebCache._size|self._pages"),
    "test_web_cache.py::test_the_size_when_a_page_is_too_old": (BODY, "WebCache._size|self._pages"),
    "test_web_cache.py::test_two_threads_fetch_all_pages": (BODY, "can't start new thread"),
}


def run_version(version: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("-m", "pytest", "-p", "no:cacheprovider", "-o", f"pythonpath={version}", *arguments, folder=FOLDER)


def reported(path: Path) -> dict[str, dict[str, Any]]:
    return {test["nodeid"]: test for test in json.loads(path.read_text("utf-8"))["tests"]}


@pytest.mark.parametrize("seed", some(range(5), 1))
def test_everything_is_found(seed: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    # What fails under load fails by chance.
    chosen = ["--ignore=test_load.py", f"--interleave-seed={seed}", f"--interleave-json={report}"]
    result = run_version("buggy", *chosen)
    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout + result.stderr
    tests = reported(report)
    assert tests.keys() == FINDINGS.keys()
    for nodeid, (kind, part_of_it) in FINDINGS.items():
        finding = tests[nodeid]["finding"]
        assert finding, nodeid
        assert finding["kind"] in kind.split("|"), (nodeid, finding)
        text = " ".join(finding[key] or "" for key in ("bug", "message", "story"))
        assert any(part in text for part in part_of_it.split("|")), (nodeid, finding)
        assert tests[nodeid]["repeatable"], nodeid


@pytest.mark.parametrize("seed", some(range(5), 1))
def test_nothing_is_found_where_nothing_is_wrong(seed: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    chosen = ["--ignore=test_load.py", f"--interleave-seed={seed}", f"--interleave-json={report}"]
    result = run_version("fixed", *chosen)
    assert result.returncode == pytest.ExitCode.OK, result.stdout + result.stderr
    assert f"{len(FINDINGS)} passed in" in result.stdout
    tests = reported(report)
    assert tests.keys() == FINDINGS.keys()
    for nodeid, test in tests.items():
        assert (test["outcome"], test["finding"]) == ("passed", None), nodeid
        assert test["distinct"] > 1, nodeid


def test_the_fixed_version_bears_the_load_and_is_what_runs_by_default(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = ["-m", "pytest", "-p", "no:cacheprovider", "examples/registry/test_load.py"]
    result = run(*command, f"--interleave-json={report}", folder=EXAMPLES.parent)
    assert result.returncode == pytest.ExitCode.OK, result.stdout + result.stderr
    figures = {run["nodeid"]: (run["operations"], run["failed"]) for run in json.loads(report.read_text())["stress"]}
    assert figures == {
        "test_load.py::test_twenty_threads_register_ten_tools_each": (200, 0),
        "test_load.py::test_fifty_threads_do_anything": (50_000, 0),
    }


def test_tests_by_hand_pass() -> None:
    result = run_version("fixed", "by_hand.py")
    assert result.returncode == pytest.ExitCode.OK, result.stdout + result.stderr


def test_the_token_of_a_finding_repeats_it(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    nodeid = "test_permissions.py::test_no_rule_outlives_its_tool"
    run_version("buggy", nodeid, f"--interleave-json={report}")
    token = reported(report)[nodeid]["finding"]["token"]
    result = run_version("buggy", nodeid, f"--interleave-replay={token}", f"--interleave-json={report}")
    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout + result.stderr
    test = reported(report)[nodeid]
    assert (test["schedules"], test["finding"]["kind"]) == (1, "deadlock")


def test_every_part_of_the_example_that_the_page_shows_is_there() -> None:
    shown = [block for block in blocks() if block.page == PAGE and block.language == "python"]
    assert len(shown) >= 4
    for block in shown:
        assert block.comment.startswith("examples/registry/"), block.name
        assert block.text in (EXAMPLES.parent / block.comment).read_text(encoding="utf-8"), block.name
