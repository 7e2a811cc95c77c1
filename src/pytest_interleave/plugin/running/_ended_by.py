"""Why the exploration of a test ended."""

from __future__ import annotations

from typing import Final, Literal

EndedBy = Literal[
    "schedules", "seconds", "exhaustive", "nothing to interleave", "finding", "skip", "expected failure", "pinned",
    "too long", "interrupted", "fixtures", "replay",
]  # fmt: skip

#: It ran as many schedules, or for as long, as it may.
SCHEDULES: Final = "schedules"
SECONDS: Final = "seconds"
#: It ran every distinct interleaving.
EXHAUSTED: Final = "exhaustive"
#: The test has one interleaving only.
NOTHING_TO_INTERLEAVE: Final = "nothing to interleave"
FINDING: Final = "finding"
#: The test skips itself, or fails as its marker `xfail` says.
SKIP: Final = "skip"
EXPECTED_FAILURE: Final = "expected failure"
#: Only pinned schedules are run.
PINNED_ONLY: Final = "pinned"
#: A test of a suite takes too many steps to be explored.
TOO_LONG: Final = "too long"
#: Ctrl-C, `pytest.exit` or a time limit ended it.
INTERRUPTED: Final = "interrupted"
#: A fixture failed.
FIXTURES: Final = "fixtures"
#: Only the schedule of a token is run.
REPLAY: Final = "replay"
