"""Processes, speed and limits: pools of processes, parallel against sequential, resource limits, what is left open."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._process_pool import NOT_INTERLEAVED, HungProcess, ProcessPool
    from ._speedup import Speedup, measure
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "NOT_INTERLEAVED": "._process_pool",
            "HungProcess": "._process_pool",
            "ProcessPool": "._process_pool",
            "Speedup": "._speedup",
            "measure": "._speedup",
        },
    )

__all__ = ["NOT_INTERLEAVED", "HungProcess", "ProcessPool", "Speedup", "measure"]
