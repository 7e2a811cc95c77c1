"""What a token remembers of the test that it was made for."""

from __future__ import annotations

import inspect

import pytest

from ..explore import fingerprint
from ._shards import nodeid_of


def fingerprints(item: pytest.Item) -> tuple[int, int]:
    """Of the node id and of the test's source."""
    function = inspect.unwrap(getattr(item, "obj", None) or (lambda: None))
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = ""
    return fingerprint(nodeid_of(item)), fingerprint(source)
