"""The HTML report."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._page import printable, render
    from ._totals import Totals
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "Totals": "._totals",
            "printable": "._page",
            "render": "._page",
        },
    )

__all__ = [
    "Totals",
    "printable",
    "render",
]
