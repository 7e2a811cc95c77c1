"""The directory that `tmp_path` gives to a test: each execution gets a new one of the same name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ...control import unrecorded


def directory_of(item: Any) -> Path | None:
    """Return what pytest's own fixture `tmp_path` gave to the test; None if another fixture of that name did.

    What else is in the directory of another fixture is not known.
    """
    definition, *_ = item._fixtureinfo.name2fixturedefs.get("tmp_path", (None,))
    if definition is None or definition.cached_result is None or definition.func.__module__ != "_pytest.tmpdir":
        return None
    directory = definition.cached_result[0]
    return directory if isinstance(directory, Path) else None


def remove_directory(config: pytest.Config, directory: Path) -> None:
    """Remove the directory of an execution, so that the next one gets one of the same name.

    In the end there is one directory, not hundreds.
    """
    with unrecorded():
        shutil.rmtree(directory, ignore_errors=True)
    # From pytest 9.2 on the names of temporary directories are counted, whether or not one of that name exists.
    counted = getattr(getattr(config, "_tmp_path_factory", None), "_next_number", None)
    prefix = directory.name.rstrip("0123456789")
    if isinstance(counted, dict) and prefix.lower() in counted:
        counted[prefix.lower()] = int(directory.name[len(prefix) :])
