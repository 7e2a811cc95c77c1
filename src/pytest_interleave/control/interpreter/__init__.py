"""Facts that only the interpreter and the operating system know: frames, stacks, opcodes, threads."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._affinity import has_gil
    from ._async_raise import raise_in, take_back
    from ._child_processes import any_child
    from ._missing import missing_for_control
    from ._opcodes import column_at, items_set, opname_at, specials_at, uses_set
    from ._other_threads import frames_of_others
    from ._real_clocks import REAL, real_seconds
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "REAL": "._real_clocks",
            "any_child": "._child_processes",
            "column_at": "._opcodes",
            "frames_of_others": "._other_threads",
            "has_gil": "._affinity",
            "items_set": "._opcodes",
            "missing_for_control": "._missing",
            "opname_at": "._opcodes",
            "raise_in": "._async_raise",
            "real_seconds": "._real_clocks",
            "specials_at": "._opcodes",
            "take_back": "._async_raise",
            "uses_set": "._opcodes",
        },
    )

__all__ = [
    "REAL",
    "any_child",
    "column_at",
    "frames_of_others",
    "has_gil",
    "items_set",
    "missing_for_control",
    "opname_at",
    "raise_in",
    "real_seconds",
    "specials_at",
    "take_back",
    "uses_set",
]
