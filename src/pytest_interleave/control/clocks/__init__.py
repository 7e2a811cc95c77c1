"""Stand-ins for clocks, sleeps and dates."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._import_clocks import ImportClocks
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "ImportClocks": "._import_clocks",
        },
    )

__all__ = [
    "ImportClocks",
]
