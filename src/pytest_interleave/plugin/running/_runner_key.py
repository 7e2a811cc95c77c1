"""The key under which a test under control keeps its runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._runner import TestRunner

#: From the set-up of a test to the report of its teardown. Fixtures ask the runner how the test is run.
runner_key: pytest.StashKey[TestRunner] = pytest.StashKey()
