"""One execution: which unit goes next, and how the execution ends."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._execution import SPIN_STEPS
    from .units._primitive_names import awaited, described
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "SPIN_STEPS": "._execution",
            "awaited": ".units._primitive_names",
            "described": ".units._primitive_names",
        },
    )

__all__ = [
    "SPIN_STEPS",
    "awaited",
    "described",
]
