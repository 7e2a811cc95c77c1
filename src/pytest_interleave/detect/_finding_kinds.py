"""The kinds of findings, as reports call them."""

from __future__ import annotations

from typing import Final, Literal

from ..control.execution import Ending

FindingKind = (
    Ending
    | Literal[
        "test failure", "set-up failure", "teardown failure", "thread exception", "data race", "leak",
    ]
)  # fmt: skip

#: The test itself failed.
FAILED_TEST: Final = "test failure"
#: A function-scoped fixture failed whose set-up, or teardown, is a part of the execution.
FAILED_SETUP: Final = "set-up failure"
FAILED_TEARDOWN: Final = "teardown failure"
#: Another thread raised an exception, or several did.
WORKER_EXCEPTION: Final = "thread exception"
DATA_RACE: Final = "data race"
#: The test left something open.
LEAK: Final = "leak"
