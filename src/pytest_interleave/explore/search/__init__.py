"""Exhaustive search with partial-order reduction, and the coverage of all schedules."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._budget import never
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "never": "._budget",
        },
    )

__all__ = [
    "never",
]
