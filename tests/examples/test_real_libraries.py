"""The bugs of real libraries: each is found with any seed, and there is none with a lock around the calls."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests import libraries

from .test_examples import run

pytestmark = pytest.mark.usefixtures("forget_bytecode")

ROOT = libraries.FOLDER.parents[1]
#: What the report of each test must have.
FOUND = {
    "test_apipkg_attributes.py": {
        "test_two_threads_read_an_attribute": ["AttributeError: join", "apipkg/__init__.py:150"]
    },
    "test_cachelib_simple_cache.py": {
        "test_two_threads_add_values": [
            "Concurrent modification of ",
            "cachelib/simple.py:36",
        ]
    },
    "test_dateutil_rule_cache.py": {
        "test_two_threads_list_the_days": ["Deadlock: Lock is held by worker-", "rrule.py:132", "which has ended"]
    },
    "test_limits_memory_storage.py": {
        "test_two_requests_at_the_same_time": ["threads can only be started once", "limits/storage/memory.py:75"]
    },
    "test_pydispatcher_connections.py": {
        "test_a_new_receiver_is_called": ["assert 0 == 1", "dispatcher.py:415"],
        "test_who_is_connected_is_called": ["dispatcher.py:"],
    },
    "test_socketio_rooms.py": {
        "test_both_clients_are_registered": [
            "Check-then-act race on self.rooms['/chat']",
            "socketio/base_manager.py:116",
            "  2. worker-1 sets {} (was unset) ",
            "  set {} ",
        ]
    },
}


def test_each_file_has_its_findings_here() -> None:
    assert [path.name for path in libraries.FILES] == list(FOUND)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("path", libraries.FILES, ids=lambda path: path.stem)
def test_the_bug_is_found_and_the_lock_is_not_blamed(path: Path, seed: int, tmp_path: Path) -> None:
    if reason := libraries.missing(path):
        pytest.skip(reason)
    report = tmp_path / "report.json"
    options = ("-p", "no:cacheprovider", f"--interleave-seed={seed}", f"--interleave-json={report}")
    result = run("-m", "pytest", *options, path.name, folder=libraries.FOLDER)
    assert result.returncode == 1, result.stdout + result.stderr
    tests: dict[str, dict[str, Any]] = {
        test["nodeid"].partition("::")[2]: test for test in json.loads(report.read_text())["tests"]
    }
    found = FOUND[path.name]
    for name, texts in found.items():
        assert tests[name]["outcome"] == "failed", name
        # Of a test that several workers run, the report says whether one worker alone fails, too.
        assert tests[name]["finding"].get("simplest", "workers interleaved") == "workers interleaved", name
        assert tests[name]["found_at"] <= 200
        printed = re.split(r"^_+ (\w+) _+$", result.stdout, flags=re.MULTILINE)
        shown = printed[printed.index(name) + 1]
        assert [text for text in texts if text not in shown] == []
    locked = {name: test for name, test in tests.items() if name not in found}
    assert locked
    for name, test in locked.items():
        assert name.endswith("_under_a_lock")
        assert (test["outcome"], test["coverage"]["text"].partition(",")[0]) == (
            "passed",
            "exhaustive: all 2 interleavings",
        )


def test_versions_are_those_that_are_installed_for_the_tests() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert sorted(groups["libraries"]) == sorted("==".join(libraries.library(path)) for path in libraries.FILES)


def test_the_page_has_each_test_that_fails() -> None:
    page = (ROOT / "docs" / "real_libraries.md").read_text(encoding="utf-8")
    for path in libraries.FILES:
        name, version = libraries.library(path)
        assert f"## {name} {version}\n" in page
        assert f"<!-- examples/real_libraries/{path.name} -->" in page
        assert f"<!-- output: examples/real_libraries/{path.name}::" in page
