"""What the tests of stand-ins for files and the like share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.driving import execute, require_good_end

Used = list[tuple[str, str, str]]


def used(body: Callable[[], object]) -> Used:
    """What `body` uses under control: of each thing the name alone, in which way, and what a report calls that."""
    outcome = execute(body)
    require_good_end(outcome)
    return [(use.thing.name or os.path.basename(str(use.thing.key)), use.way, use.how) for use in outcome.uses]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is there already."""
    path = tmp_path / "data.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    return path


@pytest.fixture
def outcome_of() -> Callable[[Callable[[], Any]], tuple[Any, Any]]:
    """`outcome_of(function)`: what it returns, or the type and the arguments of what it raises."""

    def run(function: Callable[[], Any]) -> tuple[Any, Any]:
        try:
            return "returned", function()
        except Exception as error:
            return type(error), error.args

    return run
