"""The touches of calls whose callee is out of scope."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._callees import CTYPES, WEAK_REFERENCE, Callee, callee_at, callee_of
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "CTYPES": "._callees",
            "Callee": "._callees",
            "WEAK_REFERENCE": "._callees",
            "callee_at": "._callees",
            "callee_of": "._callees",
        },
    )

__all__ = [
    "CTYPES",
    "WEAK_REFERENCE",
    "Callee",
    "callee_at",
    "callee_of",
]
