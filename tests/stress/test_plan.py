"""What a run is to do, checked."""

from __future__ import annotations

import math

import pytest

from pytest_interleave.stress import make_plan
from pytest_interleave.stress._plan import rate


def test_defaults():
    assert make_plan() == (10, 100, None, 0, 30)
    assert make_plan(seconds=2).operations is None
    assert make_plan(operations=7, seconds=2, ramp=1).patience == 33
    assert make_plan(3, 7).planned == 21
    assert make_plan(3, 7, seconds=1).planned is None


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"threads": 0}, ValueError, "threads=0: must be an integer >= 1"),
        ({"threads": True}, TypeError, "threads=True: must be an integer >= 1"),
        ({"threads": 2.0}, TypeError, "threads=2.0: must be an integer >= 1"),
        ({"operations": -5}, ValueError, "operations=-5: must be an integer >= 1"),
        ({"seconds": -1}, ValueError, "seconds=-1: must be a finite number of seconds > 0"),
        ({"seconds": 0}, ValueError, "seconds=0: must be a finite number of seconds > 0"),
        ({"seconds": "3"}, TypeError, "seconds='3': must be a finite number of seconds > 0"),
        ({"ramp": -0.5}, ValueError, "ramp=-0.5: must be a finite number of seconds >= 0"),
        ({"timeout": math.inf}, ValueError, "timeout=inf: must be a finite number of seconds > 0"),
        ({"timeout": math.nan}, ValueError, "timeout=nan: must be a finite number of seconds > 0"),
        ({"timeout": None}, TypeError, "timeout=None: must be a finite number of seconds > 0"),
        ({"timeout": 10**400}, ValueError, ": must be a finite number of seconds > 0"),
    ],
)
def test_wrong_arguments(given, error, message):
    with pytest.raises(error) as raised:
        make_plan(**given)
    assert str(raised.value).endswith(message)


@pytest.mark.parametrize("given", [95, -0.1, math.nan])
def test_rates(given):
    with pytest.raises(ValueError, match=r"must be from 0 to 1, such as 0\.95"):
        rate("min_success_rate", given)
