"""The key under which a test under control keeps its runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._runner import TestRunner

#: The test has its runner from its set-up to the report of its teardown. Fixtures ask it how the test is run.
runner_key: pytest.StashKey[TestRunner] = pytest.StashKey()
