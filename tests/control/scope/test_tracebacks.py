"""Tracebacks without frames of the plugin."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import FrameType, TracebackType

import pytest

from pytest_interleave.control import traceback_of
from pytest_interleave.control.scope import place_of_frame


def generator() -> Iterator[FrameType]:
    yield sys._getframe()


def suspended_frame() -> tuple[FrameType, int]:
    """The frame of a generator, and the offset of the instruction by which exceptions leave it."""
    frame = next(generator())
    offsets = [each.offset for each in dis.get_instructions(frame.f_code) if each.opname == "CALL_INTRINSIC_1"]
    if not offsets:
        pytest.skip("exceptions leave a generator at the line that raises")
    return frame, offsets[-1]


def test_an_entry_at_an_instruction_without_a_line_has_that_of_the_function() -> None:
    frame, offset = suspended_frame()
    entry = TracebackType(None, frame, offset, -1)
    line: int | None = entry.tb_lineno
    assert line is None
    copied = traceback_of([entry])
    assert copied is not None
    assert copied.tb_lineno == generator.__code__.co_firstlineno


def test_a_place_always_has_a_line() -> None:
    frame, _ = suspended_frame()
    assert place_of_frame(frame).text == "yield sys._getframe()"
