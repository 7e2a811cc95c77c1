"""Facts that code shows before it runs: names, loops, and the values that instructions work with."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._methods import OF_ATTRIBUTES, SPECIAL_OF_ATTRIBUTES, SPECIAL_OF_ITEMS
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "OF_ATTRIBUTES": "._methods",
            "SPECIAL_OF_ATTRIBUTES": "._methods",
            "SPECIAL_OF_ITEMS": "._methods",
        },
    )

__all__ = [
    "OF_ATTRIBUTES",
    "SPECIAL_OF_ATTRIBUTES",
    "SPECIAL_OF_ITEMS",
]
