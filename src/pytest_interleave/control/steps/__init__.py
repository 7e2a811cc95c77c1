"""Steps of an execution: the operation, what it touches, and the protocol between scheduler and strategy."""

from typing import TYPE_CHECKING

from . import _kinds as kinds

if TYPE_CHECKING:
    from ._external import External, Key
    from ._things import EXCHANGE, READ, WRITE, Thing, Use
    from ._touches import CUT, EVERY_THREAD, FOREIGN, HIDDEN, OPAQUE, OUTSIDE_MEMORY, UNSURE, WRITES, shown_touch
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "CUT": "._touches",
            "EVERY_THREAD": "._touches",
            "EXCHANGE": "._things",
            "External": "._external",
            "FOREIGN": "._touches",
            "HIDDEN": "._touches",
            "Key": "._external",
            "OPAQUE": "._touches",
            "OUTSIDE_MEMORY": "._touches",
            "READ": "._things",
            "Thing": "._things",
            "UNSURE": "._touches",
            "Use": "._things",
            "WRITE": "._things",
            "WRITES": "._touches",
            "shown_touch": "._touches",
        },
    )

__all__ = [
    "CUT",
    "EVERY_THREAD",
    "EXCHANGE",
    "FOREIGN",
    "HIDDEN",
    "OPAQUE",
    "OUTSIDE_MEMORY",
    "READ",
    "UNSURE",
    "WRITE",
    "WRITES",
    "External",
    "Key",
    "Thing",
    "Use",
    "kinds",
    "shown_touch",
]
