"""Real parallel runs of an operation, and their figures. Nothing here is under control, and time is real."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._errors import ErrorGroup
    from ._figures import Figures, ThreadFigures
    from ._figures_table import (
        bytes_text,
        cells,
        error_line,
        missed,
        missed_rate,
        percent_text,
        rate_text,
        seconds_text,
        whole_text,
    )
    from ._hung import HungThread
    from ._latencies import Latency
    from ._plan import Plan, make_plan, rate
    from ._result import StressResult, unchecked
    from ._rows import (
        Row,
        has_figures,
        has_missed,
        hung_lines,
        is_wrong,
        label,
        outcomes_of_tests,
        place_of,
        worst_first,
    )
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
            "Row": "._rows",
            "Slice": "._samples",
            "StressResult": "._result",
            "ThreadFigures": "._figures",
            "bytes_text": "._figures_table",
            "cells": "._figures_table",
            "error_line": "._figures_table",
            "has_figures": "._rows",
            "has_missed": "._rows",
            "hung_lines": "._rows",
            "is_wrong": "._rows",
            "label": "._rows",
            "make_plan": "._plan",
            "missed": "._figures_table",
            "missed_rate": "._figures_table",
            "outcomes_of_tests": "._rows",
            "percent_text": "._figures_table",
            "place_of": "._rows",
            "rate": "._plan",
            "rate_text": "._figures_table",
            "run_stress": "._run",
            "seconds_text": "._figures_table",
            "unchecked": "._result",
            "whole_text": "._figures_table",
            "worst_first": "._rows",
        },
    )

__all__ = [
    "ErrorGroup",
    "Figures",
    "HungThread",
    "Latency",
    "Plan",
    "Row",
    "Slice",
    "StressResult",
    "ThreadFigures",
    "bytes_text",
    "cells",
    "error_line",
    "has_figures",
    "has_missed",
    "hung_lines",
    "is_wrong",
    "label",
    "make_plan",
    "missed",
    "missed_rate",
    "outcomes_of_tests",
    "percent_text",
    "place_of",
    "rate",
    "rate_text",
    "run_stress",
    "seconds_text",
    "unchecked",
    "whole_text",
    "worst_first",
]
