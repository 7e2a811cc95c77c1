"""Correct: what these calls were given is read while they run, and must not be read from their callers then."""

import functools

import pytest


def double(number):
    return 2 * number


class Traced:
    """A decorator that is a class, as many are."""

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


@pytest.mark.concurrency(schedules=20)
def test_a_decorator_that_is_a_class(run_concurrent):
    traced = Traced(double)
    assert run_concurrent(lambda: traced(2)) == [4, 4]


def forgetful(items):
    length = len(items)
    items = None
    return length if items is None else 0


class Handler:
    def __init__(self, callback):
        setattr(self, "callback", callback)

    def fire(self, *args, **kwargs):
        return self.callback(*args, **kwargs)

    def fire_one(self, argument):
        return self.callback(argument)


@pytest.mark.concurrency(schedules=20)
@pytest.mark.parametrize("fire", ["fire", "fire_one"])
def test_a_function_that_lets_go_what_it_was_given(fire, run_concurrent):
    handler = Handler(forgetful)

    def work():
        return [getattr(handler, fire)([number] * 3) for number in range(20)]

    assert run_concurrent(work) == [[3] * 20] * 2


class Made:
    def __init__(self, items):
        self.length = len(items)
        items = None


@pytest.mark.concurrency(schedules=20)
def test_a_class_that_is_handed_over(run_concurrent):
    handler = Handler(Made)
    assert [made.length for made in run_concurrent(lambda: handler.fire([1, 2]))] == [2, 2]
