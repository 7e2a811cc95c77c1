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
    ("given", "error", "told"),
    [
        ({"threads": 0}, ValueError, "threads=0; give a whole number of 1 or more"),
        ({"threads": True}, TypeError, "threads=True; give a whole number of 1 or more"),
        ({"threads": 2.0}, TypeError, "threads=2.0; give a whole number of 1 or more"),
        ({"operations": -5}, ValueError, "operations=-5; give a whole number of 1 or more"),
        ({"seconds": -1}, ValueError, "seconds=-1; give a number of seconds above 0"),
        ({"seconds": 0}, ValueError, "seconds=0; give a number of seconds above 0"),
        ({"seconds": "3"}, TypeError, "seconds='3'; give a number of seconds above 0"),
        ({"ramp": -0.5}, ValueError, "ramp=-0.5; give a number of seconds of 0 or more"),
        ({"timeout": math.inf}, ValueError, "timeout=inf; give a number of seconds above 0"),
        ({"timeout": math.nan}, ValueError, "timeout=nan; give a number of seconds above 0"),
        ({"timeout": None}, TypeError, "timeout=None; give a number of seconds above 0"),
        ({"timeout": 10**400}, ValueError, "give a number of seconds above 0"),
    ],
)
def test_wrong_arguments(given, error, told):
    with pytest.raises(error) as raised:
        make_plan(**given)
    assert str(raised.value).endswith(told)


@pytest.mark.parametrize("given", [95, -0.1, math.nan])
def test_rates(given):
    with pytest.raises(ValueError, match=r"give a rate from 0 to 1, such as 0\.95"):
        rate("min_success_rate", given)
