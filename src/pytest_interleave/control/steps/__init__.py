"""What a step is: the operation, what it touches, and what the scheduler asks of a strategy."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._touches import ASKING_KINDS, CUT, EVERY_THREAD, FOREIGN, HIDDEN, OPAQUE, UNSURE, WRITES
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "ASKING_KINDS": "._touches",
            "CUT": "._touches",
            "EVERY_THREAD": "._touches",
            "FOREIGN": "._touches",
            "HIDDEN": "._touches",
            "OPAQUE": "._touches",
            "UNSURE": "._touches",
            "WRITES": "._touches",
        },
    )

__all__ = [
    "ASKING_KINDS",
    "CUT",
    "EVERY_THREAD",
    "FOREIGN",
    "HIDDEN",
    "OPAQUE",
    "UNSURE",
    "WRITES",
]
