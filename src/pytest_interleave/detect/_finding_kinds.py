"""The kinds of findings, as reports call them."""

from __future__ import annotations

from typing import Final, Literal

from ..control.execution import Ending

FindingKind = (
    Ending
    | Literal[
        "failed test body", "failed set-up", "failed teardown", "worker exception", "data race", "leak",
    ]
)  # fmt: skip

#: The test itself failed.
FAILED_TEST: Final = "failed test body"
#: A function-scoped fixture failed whose set-up, or teardown, is a part of the execution.
FAILED_SETUP: Final = "failed set-up"
FAILED_TEARDOWN: Final = "failed teardown"
#: Another thread raised an exception, or several did.
WORKER_EXCEPTION: Final = "worker exception"
DATA_RACE: Final = "data race"
#: The test left something open.
LEAK: Final = "leak"
