"""OS threads that carry units, and the stand-ins for `threading` and `_thread`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._living import real_enumerate
    from ._threads import outlives_executions, start_checks, start_new_thread
else:
    from ..._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "outlives_executions": "._threads",
            "real_enumerate": "._living",
            "start_checks": "._threads",
            "start_new_thread": "._threads",
        },
    )

__all__ = [
    "outlives_executions",
    "real_enumerate",
    "start_checks",
    "start_new_thread",
]
