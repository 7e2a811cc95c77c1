"""What is read of frames: whether a frame was called by Python code or by C code."""

from __future__ import annotations

import sys

from pytest_interleave.control.interpreter._frames import is_called_directly


def of_this_call(*_):
    frame = sys._getframe()
    return is_called_directly(frame, frame.f_back)


class Callable:
    def __call__(self, *_):
        return of_this_call()

    def method(self):
        return of_this_call()


def test_a_call_by_python_code_is_direct():
    assert of_this_call()
    assert Callable().method()
    assert Callable()()


def test_a_call_by_c_code_is_not():
    assert not next(map(of_this_call, (1,)))
    assert [of_this_call(key) for key in (1,)] == [True]
    keys = []
    sorted([1], key=lambda _: keys.append(is_called_directly(sys._getframe(), sys._getframe().f_back)) or 0)
    assert keys == [False]
