"""The marker `stress` of one test, read and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from ._marker_arguments import keywords_of, refused_async, warn_no_function, wrong_marker
from ._markers import is_marked_stress
from ._per_worker import check_per_worker
from ._unsafe import refuse, unsafe_fixture

if TYPE_CHECKING:
    from ...stress import Plan

_ARGUMENTS = ("threads", "operations", "seconds", "min_success_rate", "ramp", "timeout")


class StressSettings(NamedTuple):
    """The arguments of the marker `stress` of one test."""

    plan: Plan
    min_success_rate: float


def check_stress(item: pytest.Item) -> None:
    """Check the arguments of the marker `stress`, if the test has it; warn if it does nothing here.

    Raises `pytest.UsageError` as `read_stress` does.
    """
    if not is_marked_stress(item):
        return
    if isinstance(item, pytest.Function):
        read_stress(item)
        fixture = unsafe_fixture(item)
        if fixture is not None:
            raise pytest.UsageError(refuse(fixture))
        wrong = check_per_worker(item)
        if wrong is not None:
            raise pytest.UsageError(wrong)
    else:
        warn_no_function(item, "stress")


def read_stress(item: pytest.Item) -> StressSettings:
    """Return the arguments of the marker `stress`, or their defaults.

    Raises `pytest.UsageError` that names the marker and what to write.
    """
    from ...stress import make_plan, rate

    marker = item.get_closest_marker("stress")
    assert marker is not None
    given = keywords_of(marker, _ARGUMENTS, "threads")
    refused = refused_async(item)
    if refused is not None:
        raise wrong_marker("stress", refused)
    if item.get_closest_marker("interleaving") is not None:
        raise wrong_marker(
            "stress", "and @interleaving cannot be combined: stress threads are not scheduled. Remove one."
        )
    try:
        wanted = rate("min_success_rate", given.pop("min_success_rate", 1.0))
        return StressSettings(make_plan(**given), wanted)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"@stress: {error}") from None
