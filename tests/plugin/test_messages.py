"""Messages that no other test meets: each names the problem, the value that was given, and what to write instead."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from pytest_interleave import per_worker
from pytest_interleave.control import Control, _control
from pytest_interleave.detect import Watchlist
from pytest_interleave.explore import Replay
from pytest_interleave.plugin.fixtures._outcomes import explore
from pytest_interleave.plugin.known._memory import Memory
from pytest_interleave.plugin.running.observations._race_check import describe_failed_repetition

from .conftest import token_in
from .sources import LOST_UPDATE

MARK = "pytestmark = pytest.mark.concurrency(seconds=None)\n"


def test_per_worker_needs_a_fixture():
    with pytest.raises(TypeError, match="^per_worker needs a fixture, got 3: write @per_worker above @pytest.fixture$"):
        per_worker(3)


def test_explore_needs_a_function():
    with pytest.raises(
        TypeError, match=r"^explore\(\) needs a function, got 3: write .*explore\(func\), without calling"
    ):
        explore(3, 2, 1, 0, Watchlist())


def test_saved_schedules_that_cannot_be_read(tmp_path):
    (tmp_path / "d" / "interleave" / "failures.json").mkdir(parents=True)
    memory = Memory(SimpleNamespace(cache=SimpleNamespace(_cachedir=tmp_path)), forget=False)
    assert memory.trouble is not None
    assert memory.trouble.startswith("cannot read saved schedules: ")
    assert memory.trouble.endswith(". This run does not try them first.")


def test_one_concurrency_test_at_a_time(monkeypatch):
    monkeypatch.setattr(_control._current, "current_unit", lambda: "a thread")
    with pytest.raises(
        RuntimeError, match="^a concurrency test cannot run another one in the same process: run it in a"
    ):
        Control().__enter__()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in Python 3.12")
def test_no_tool_id_left(monkeypatch):
    from pytest_interleave.control.instrumentation._monitoring import _take_tool_id

    monkeypatch.setattr(sys.monitoring, "get_tool", lambda tool: f"tool {tool}")
    with pytest.raises(RuntimeError, match=r"^no free sys.monitoring tool id .* Run without one of them$"):
        _take_tool_id()


def test_why_choices_cannot_be_replayed():
    first, second = SimpleNamespace(index=0), SimpleNamespace(index=1)
    short, long, other = Replay([0]), Replay([0, 0]), Replay([7])
    for replay in (short, long, other):
        replay.begin(1)
        replay.choose([first, second], None)
    short.choose([first, second], None)
    long.end(SimpleNamespace(choices=[0]))
    assert short.diverged == (1, "the execution continues after the end of the recorded one")
    assert long.diverged == (1, "the execution ended before the recorded one")
    assert other.diverged == (0, "thread 7, which ran next, cannot run")


def test_a_schedule_that_could_not_be_run_again():
    said = describe_failed_repetition(ValueError("no"))
    assert said == "Could not run the same schedule again to record its details: a fixture raised ValueError: no"


def test_a_token_of_none_of_the_tests(run):
    token = token_in(run(MARK + LOST_UPDATE).text)
    others = "def test_one():\n    pass\n\ndef test_two():\n    pass\n"
    error = run(MARK + others, f"--interleave-replay={token}").one_line_error()
    said = "token belongs to none of the 2 collected tests. Copy the whole command from the report."
    assert error == f"--interleave-replay: {said}"


def test_workers_that_time_out_beside_one_that_fails(run):
    source = """
def test_it(run_concurrent):
    gate = threading.Event()
    with pytest.raises(ExceptionGroup, match="^1 of 2 workers timed out, 1 failed") as raised:
        run_concurrent.together(gate.wait, lambda: 1 / 0, timeout=0.05)
    gate.set()
    late, failed = raised.value.exceptions
    assert "worker-0 still running" in str(late)
"""
    run(source).result.assert_outcomes(passed=1)


def test_tests_that_the_suite_skips(run):
    done = run("def test_it(capsys):\n    pass\n", "--interleave-suite", "-rs")
    done.result.assert_outcomes(skipped=1)
    assert "excluded from --interleave-suite: uses capsys, which captures one shared stdout" in done.text
