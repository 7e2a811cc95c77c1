"""Schedules that are known before a test is explored: pinned in the source, or remembered from earlier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ...explore import Token

PINNED = "pinned"
REMEMBERED = "remembered"


class KnownSchedule(NamedTuple):
    """A known schedule of a test, and its result in this run."""

    token: Token
    #: `PINNED` or `REMEMBERED`.
    origin: str
    #: Whether it led to a finding; None if it has not been run.
    found: bool | None = None
