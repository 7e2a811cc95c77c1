"""The scheduling of one execution: which unit runs next, and how the execution ends."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._fairness import SPIN_STEPS
    from .units._endings import DEADLOCK, LIVELOCK, TIMEOUT, Ending
    from .units._primitive_names import CREATED, awaited, described, short_name
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "CREATED": ".units._primitive_names",
            "DEADLOCK": ".units._endings",
            "Ending": ".units._endings",
            "LIVELOCK": ".units._endings",
            "SPIN_STEPS": "._fairness",
            "TIMEOUT": ".units._endings",
            "awaited": ".units._primitive_names",
            "described": ".units._primitive_names",
            "short_name": ".units._primitive_names",
        },
    )

__all__ = [
    "CREATED",
    "DEADLOCK",
    "LIVELOCK",
    "SPIN_STEPS",
    "TIMEOUT",
    "Ending",
    "awaited",
    "described",
    "short_name",
]
