"""The last conflicting step of another thread, compared with a look through all steps before."""

from __future__ import annotations

import random

import pytest

from pytest_interleave.trace._latest import Latest


def conflicting(steps, thread, part, writes):
    """As `Latest.conflicting` says, by the definition."""
    for number in range(len(steps) - 1, -1, -1):
        other, other_part, other_writes = steps[number]
        overlap = part is None or other_part is None or part == other_part
        if other != thread and overlap and (writes or other_writes):
            return number
    return -1


@pytest.mark.parametrize("seed", range(20))
def test_random_steps(seed):
    draw = random.Random(seed)
    latest, steps = Latest(), []
    for number in range(200):
        thread, part, writes = draw.randrange(4), draw.choice((None, "a", "b", 0)), draw.random() < 0.3
        assert latest.conflicting(thread, part, writes=writes) == conflicting(steps, thread, part, writes)
        latest.add(thread, part, number, writes=writes)
        steps.append((thread, part, writes))


def test_nothing_conflicts_with_the_first_step():
    assert Latest().conflicting(0, None, writes=True) == -1
