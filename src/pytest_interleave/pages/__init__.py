"""The HTML report."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._found import EXPECTED, found_in, headline_of
    from ._page import printable, render
    from ._strategy_words import strategy_words
    from ._totals import Totals
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "EXPECTED": "._found",
            "Totals": "._totals",
            "found_in": "._found",
            "headline_of": "._found",
            "printable": "._page",
            "render": "._page",
            "strategy_words": "._strategy_words",
        },
    )

__all__ = [
    "EXPECTED",
    "Totals",
    "found_in",
    "headline_of",
    "printable",
    "render",
    "strategy_words",
]
