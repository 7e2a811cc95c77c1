"""The destination of a program's output: the outside, or memory, where a test may read it."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Any

from ..identity._any_call import any_call
from ..identity._owners import stored_attribute
from ..identity._types import bases_of, class_holding, is_made_by_a_program, is_one_of
from ..identity._wholes import whole
from ..identity._written import is_of_an_object
from ..steps._touches import WRITES, Touches

_buffer_of = vars(io.TextIOWrapper)["buffer"].__get__


def is_output(thing: Any) -> bool:
    """Whether `thing` is a standard stream to the outside. The order in which threads print there does not matter."""
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return any(thing is stream for stream in streams) and not _is_in_memory(thing)


def printed(given: Sequence[Any]) -> Touches:
    """Return what `print` writes to, if that is in memory: the streams that it is given, or the standard one."""
    streams = [value for value in given if _is_stream(value)] or [sys.stdout]
    touches = tuple(touch for stream in streams if _is_in_memory(stream) for touch in whole(stream, WRITES))
    for thing in (*given, sys.stdout):
        if is_made_by_a_program(type(thing)):
            holder = class_holding(type(thing), "write")
            method = holder[1] if holder is not None else stored_attribute(thing, "write")
            if is_of_an_object(method):
                touches += any_call.touches(method, ())
    return touches


def _is_stream(thing: Any) -> bool:
    return any(is_one_of(base, io.StringIO, io.TextIOWrapper) for base in bases_of(type(thing)))


def _is_in_memory(stream: Any) -> bool:
    bases = bases_of(type(stream))
    if any(base is io.StringIO for base in bases):
        return True
    if not any(base is io.TextIOWrapper for base in bases):
        return False
    try:
        return any(base is io.BytesIO for base in bases_of(type(_buffer_of(stream))))
    except ValueError:
        # It was detached from its buffer.
        return False
