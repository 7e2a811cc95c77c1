"""Schedules that are known before a test is explored: pinned in the source, or remembered from earlier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ...explore import Token

PINNED = "pinned"
REMEMBERED = "remembered"


class Given(NamedTuple):
    """A schedule that is tried first."""

    token: Token
    #: `PINNED` or `REMEMBERED`.
    origin: str
    #: Whether it led to a finding; None where it has not been run.
    found: bool | None = None
