"""Real parallel runs of an operation, and their figures. Nothing here is under control, and time is real."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._errors import ErrorGroup
    from ._figures import Figures, ThreadFigures
    from ._hung import HungThread
    from ._latencies import Latency
    from ._plan import Plan, make_plan
    from ._result import StressResult, not_looked_at
    from ._run import run_stress
    from ._samples import Slice
else:
    from .._lazy import names_from

    __getattr__ = names_from(
        __name__,
        {
            "ErrorGroup": "._errors",
            "Figures": "._figures",
            "HungThread": "._hung",
            "Latency": "._latencies",
            "Plan": "._plan",
            "Slice": "._samples",
            "StressResult": "._result",
            "ThreadFigures": "._figures",
            "make_plan": "._plan",
            "not_looked_at": "._result",
            "run_stress": "._run",
        },
    )

__all__ = [
    "ErrorGroup",
    "Figures",
    "HungThread",
    "Latency",
    "Plan",
    "Slice",
    "StressResult",
    "ThreadFigures",
    "make_plan",
    "not_looked_at",
    "run_stress",
]
