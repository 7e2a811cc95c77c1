"""Functions and processes in words, so that one finds them."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from typing import Any


def describe_call(function: Callable[..., Any], args: tuple[Any, ...] = ()) -> str:
    """The function that is called, with its place in the source where it has one: `work (test_it.py:12)`."""
    while isinstance(function, functools.partial):
        args = (*function.args, *args)
        function = function.func
    if getattr(function, "__name__", "") == "_process_chunk" and args:
        # So `Executor.map` calls what it was given.
        return describe_call(args[0])
    name = getattr(function, "__qualname__", None) or repr(function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return str(name)
    return f"{name} ({os.path.basename(code.co_filename)}:{code.co_firstlineno})"


def describe_exit(code: int | None) -> str:
    """How a process has ended."""
    if code is None:
        return "ended"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
