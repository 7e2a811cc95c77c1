"""What the package's own code may not do in a controlled thread."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest_interleave.control

#: Their code is in the standard library's files that are in scope, so a call in a controlled thread has steps.
_IN_SCOPE = frozenset(("_replace", "_asdict", "Counter", "UserDict", "ChainMap", "cached_property"))
#: Called when no thread is under control.
_ALLOWED = frozenset((("_affinity.py", "_replace"), ("_control.py", "_replace"), ("_uncontrolled.py", "_asdict")))


def test_nothing_that_is_in_scope_is_called() -> None:
    found = set()
    for path in Path(pytest_interleave.control.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in _IN_SCOPE:
                    found.add((path.name, name))
    assert found <= _ALLOWED
