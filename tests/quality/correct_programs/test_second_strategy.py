"""The same programs under a strategy that `auto` does not contain; `matrix` runs them under all of them."""

from __future__ import annotations

import pytest

from tests.thorough import thorough

from .matrix import HERE, grouped, run_under

#: The others take too long for each run of the suite.
PROGRAMS = [str(HERE / name) for name in ("test_waits.py", "test_clocks.py")]


@thorough
@pytest.mark.parametrize("strategy", ["random"])
def test_every_program_is_quiet(strategy, tmp_path):
    code, rows = run_under(strategy, [*PROGRAMS, "-p", "no:cacheprovider", "-p", "no:xdist"], tmp_path, schedules=2)
    assert grouped([row for row in rows if row["outcome"] != "passed"]) == {}
    assert code == 0
    assert len(rows) > 400
