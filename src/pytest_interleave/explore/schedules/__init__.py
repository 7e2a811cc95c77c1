"""Schedules: written as switches and as tokens, replayed, steered and shrunk."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._steer import SPINS
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "SPINS": "._steer",
        },
    )

__all__ = [
    "SPINS",
]
