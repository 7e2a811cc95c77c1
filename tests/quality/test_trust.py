"""Small programs that were judged wrongly once, each with its right verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality.sessions import session_of
from tests.thorough import some

PROGRAMS = Path(__file__).parent / "trust"
#: What must be found, by program; all others are correct.
WRONG = {
    "exec.py::test_it": "test failure",
    "fixture_thread.py::test_pool": "deadlock",
    "left_thread.py::test_left_forever": "deadlock",
    # It counts its rounds, so it may end.
    "livelock_report.py::test_livelock": "timeout",
    "long.py::test_fails_late_bad": "test failure",
    "long.py::test_polls_forever_bad": "livelock",
    "reduced.py::test_r5_timeout_of_100_years_bad": "deadlock",
    "reduced.py::test_r7_story_of_a_long_reader_bad": "thread exception",
    **{
        f"reduced2.py::test_r3_alias_bad[{alias}]": "test failure"
        for alias in (
            "default-args module-alias bound-in-attribute bound-in-closure operator partial map attrgetter".split()
        )
    },
    "reduced4.py::test_r2_story_names_the_wrong_variable_bad": "thread exception",
    "reduced4.py::test_r8_token_of_another_python_bad": "test failure",
    "reduced4.py::test_r9_lazy_module_bad": "thread exception",
    "run_parallel.py::test_bad": "test failure",
    "spinner_text.py::test_it": "test failure",
}
#: A lease that runs out while its holder is held up: found if timeouts may expire early.
NEEDS_TIME = "reduced.py::test_r4_lease_runs_out_bad"


#: Programs with very long executions.
LONG = {"long.py", "livelock_report.py"}


@pytest.fixture(scope="module", params=some([False, True], 1), ids=["most", "long"])
def session(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust")
    for path in PROGRAMS.glob("*.py"):
        if path.name != "__init__.py" and (path.name in LONG) == request.param:
            (folder / path.name).write_text(path.read_text())
    (folder / "pytest.ini").write_text("[pytest]\npython_files = *.py\n")
    options = ("--interleave-seed=1", "--interleave-seconds=2")
    rows, output = session_of(folder, folder / "report.json", *options, whole_nodeids=True)
    print(output)
    return rows, output


def test_every_verdict_is_right(session):
    rows, _ = session
    files = {name.partition("::")[0] for name in rows}
    wrong = {name: kind for name, kind in WRONG.items() if name.partition("::")[0] in files}
    found = {name: row["finding"]["kind"] for name, row in rows.items() if row["finding"] is not None}
    assert found == wrong
    assert len(rows) > len(wrong) + (2 if files <= LONG else 15)
    assert files <= LONG or len(files) >= 20


def test_what_is_correct_passes(session):
    rows, _ = session
    assert {name for name, row in rows.items() if row["outcome"] != "passed"} <= set(WRONG)


@pytest.mark.parametrize("seed", range(3))
def test_a_lease_that_runs_out_is_found_with_early_timeouts(tmp_path, seed):
    path, _, name = NEEDS_TIME.partition("::")
    options = ("-k", name, "--interleave-timeouts=explore", f"--interleave-seed={seed}")
    rows, output = session_of(PROGRAMS / path, tmp_path / "report.json", *options)
    print(output)
    (row,) = rows.values()
    assert row["finding"]["needs"] == ["timeouts"]
    assert row["found_at"] <= 50


def test_nothing_is_exhaustive_that_is_not(session):
    rows, _ = session
    if "long.py::test_locked_30000" in rows:
        long = rows["long.py::test_locked_30000"]["coverage"]
        assert (long["status"], long["explored_steps"]) == ("sampled", 100_000)
        return
    for name in ("asyncio_timeout.py::test_it", "private_loop.py::test_it", "clocks.py::test_gettime"):
        assert rows[name]["coverage"]["status"] == "nothing_interleaved", name
    assert "fixed order" in rows["reduced2.py::test_r4_what_does_it_say_of_sharing"]["coverage"]["text"]


def test_only_what_starts_no_thread_is_warned_of(session):
    rows, output = session
    lines = [line for line in output.splitlines() if "InterleaveWarning: " in line]
    warned = [line for line in lines if "loguru_names" not in line]
    # Its writer waits at a pipe; that is one warning, though each schedule has a writer with a name of its own.
    assert len(lines) == len(warned) + any(name.startswith("loguru_names") for name in rows)
    assert all("there is nothing to interleave" in line for line in warned)
