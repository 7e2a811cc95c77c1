"""What a run and its tests keep in their stashes, as far as more than one module knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ...explore import Token
    from ..known._memory import Memory
    from ..reporting._results import Results
    from ..running._runner import TestRunner
    from ..stress._stress_runs import StressRuns
    from ._options import Options
    from ._settings import Settings

# -- of a run --------------------------------------------------------------------------------------------------

options_key: pytest.StashKey[Options] = pytest.StashKey()
results_key: pytest.StashKey[Results] = pytest.StashKey()
memory_key: pytest.StashKey[Memory] = pytest.StashKey()
#: Why reports could not be written to their files.
unwritten_key = pytest.StashKey[list[str]]()
#: The token whose schedule is to be replayed, if one is.
replay_key: pytest.StashKey[Token] = pytest.StashKey()

# -- of a test -------------------------------------------------------------------------------------------------

#: Whether anything of ours may go with its reports: this alone is asked of each test.
reported_key = pytest.StashKey[bool]()
#: What is wrong with its markers.
error_key = pytest.StashKey[str]()
#: Why `--interleave-suite` leaves it out.
left_out_key = pytest.StashKey[str]()
#: From its set-up to its teardown.
settings_key: pytest.StashKey[Settings] = pytest.StashKey()
#: From its set-up to the report of its teardown.
runner_key: pytest.StashKey[TestRunner] = pytest.StashKey()
#: Whether it was put under control, or is repeated by real threads: its `runtest` is ours then.
taken_over_key = pytest.StashKey[bool]()
#: What real threads have run.
stress_runs_key: pytest.StashKey[StressRuns] = pytest.StashKey()
#: What it has measured of speed-ups since its last report.
measured_key = pytest.StashKey[list[dict[str, Any]]]()


def options_of(config: pytest.Config) -> Options:
    """The options of this run."""
    return config.stash[options_key]
