"""The global `random` begins alike, whatever it was used for before."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from pytest_interleave.control.interpreter import _random_state
from pytest_interleave.control.interpreter._random_state import random_state, restore_random, seed_random


@pytest.fixture(autouse=True)
def afterwards_as_before() -> Iterator[None]:
    before = random.getstate()
    yield
    random.setstate(before)


def use_up_what_was_made_at_once() -> None:
    for _ in range(624):
        random.getrandbits(32)


USES: list[Callable[[], object]] = [
    lambda: None,
    random.random,
    lambda: random.getrandbits(1),
    lambda: random.gauss(0, 1),
    lambda: random.shuffle([1, 2, 3]),
    lambda: random.seed(1),
    lambda: random.setstate(random.Random(2).getstate()),
    use_up_what_was_made_at_once,
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("can_look", [True, False])
def test_it_is_as_if_it_had_just_been_seeded(
    use: Callable[[], object], can_look: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_look:
        monkeypatch.setattr(_random_state, "_seeded", None)
    seed_random()
    use()
    seed_random()
    assert random.getstate() == random.Random(0).getstate()


def test_an_unused_generator_is_not_seeded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seed_random()
    if _random_state._seeded is None:
        pytest.skip("the interpreter keeps its random numbers elsewhere")
    monkeypatch.setattr(random, "seed", pytest.fail)
    seed_random()


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("can_look", [True, False])
def test_afterwards_it_continues_as_before(
    use: Callable[[], object], can_look: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_look:
        monkeypatch.setattr(_random_state, "_seeded", None)
    random.seed(5)
    random.gauss(0, 1)
    before = random.getstate()
    for _ in range(2):
        remembered = random_state()
        seed_random()
        use()
        restore_random(remembered)
        assert random.getstate() == before


def test_a_number_that_gauss_has_left_over_is_part_of_it() -> None:
    random.seed(5)
    random.gauss(0, 1)
    random_state()
    random.gauss(0, 1)
    before = random.getstate()
    remembered = random_state()
    random.random()
    restore_random(remembered)
    assert random.getstate() == before


def test_the_same_state_is_remembered_once() -> None:
    if _random_state._seeded is None:
        pytest.skip("the interpreter keeps its random numbers elsewhere")
    first = random_state()
    seed_random()
    restore_random(first)
    assert random_state() is first
