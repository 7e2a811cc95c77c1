"""Finds the fixture that raised an exception when it was made or ended."""

from __future__ import annotations

import inspect
import os
import traceback

import pytest

from ....control import is_ours

#: A part of the file names of pytest's own functions.
_PYTEST = os.path.join("_pytest", "")


def raising_fixture(item: pytest.Function, error: BaseException) -> str:
    """Return "fixture name" for the fixture whose function raised `error`, or "name()" for another function.

    That is the outermost one of the program: a finalizer, or `teardown_method`. Empty if there is none.
    """
    names: dict[object, str] = {}
    for name, definitions in item._fixtureinfo.name2fixturedefs.items():
        for definition in definitions:
            names[getattr(inspect.unwrap(definition.func), "__code__", None)] = name
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in frames:
        name = names.get(frame.f_code, "")
        # pytest has fixtures that call `setup_method` and its kin.
        if name and _PYTEST not in frame.f_code.co_filename:
            return f"fixture {name}"
    for frame in frames:
        filename = frame.f_code.co_filename
        if not (is_ours(filename) or _PYTEST in filename or f"{os.sep}pluggy{os.sep}" in filename):
            return f"{frame.f_code.co_name}()"
    return ""
