"""Descriptions of functions and processes by which people find them."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from typing import Any


def describe_call(function: Callable[..., Any], args: tuple[Any, ...] = ()) -> str:
    """Return the called function, with its place in the source if it has one: `work (test_it.py:12)`."""
    while isinstance(function, functools.partial):
        args = (*function.args, *args)
        function = function.func
    if getattr(function, "__name__", "") == "_process_chunk" and args:
        # `Executor.map` calls what it was given through this function.
        return describe_call(args[0])
    name = getattr(function, "__qualname__", None) or repr(function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return str(name)
    return f"{name} ({os.path.basename(code.co_filename)}:{code.co_firstlineno})"


def describe_exit(code: int | None) -> str:
    """Return how a process has ended, as a phrase."""
    if code is None:
        return "ended"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
