"""What the tests of `explore` share."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_interleave.control import Scope, set_scope


@pytest.fixture(autouse=True)
def in_place(controllable: None) -> None:
    """For all tests here; in scope are the programs, and not the strategies that are written for the tests."""
    here = Path(__file__).parent
    programs = (path for path in here.rglob("*.py") if path.name not in ("enumerating.py", "passing.py"))
    set_scope(Scope(str(here / "nothing"), [str(path) for path in programs]))
