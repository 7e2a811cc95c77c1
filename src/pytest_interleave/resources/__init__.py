"""Process pools, measured speed-ups, resource limits, and checks for what is left open."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._arguments import check_count
    from ._futures import WatchesFutures
    from ._leaks import Leak, ResourceLeak, Snapshot, describe_leaks
    from ._limits import ResourceLimits
    from ._process_pool import NOT_INTERLEAVED, HungProcess, ProcessPool
    from ._speedup import Speedup, measure
    from ._thread_limit import settle_starters
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "HungProcess": "._process_pool",
            "Leak": "._leaks",
            "NOT_INTERLEAVED": "._process_pool",
            "ProcessPool": "._process_pool",
            "ResourceLeak": "._leaks",
            "ResourceLimits": "._limits",
            "Snapshot": "._leaks",
            "Speedup": "._speedup",
            "WatchesFutures": "._futures",
            "check_count": "._arguments",
            "measure": "._speedup",
            "settle_starters": "._thread_limit",
            "describe_leaks": "._leaks",
        },
    )

__all__ = [
    "NOT_INTERLEAVED",
    "HungProcess",
    "Leak",
    "ProcessPool",
    "ResourceLeak",
    "ResourceLimits",
    "Snapshot",
    "Speedup",
    "WatchesFutures",
    "check_count",
    "describe_leaks",
    "measure",
    "settle_starters",
]
