"""Where files belong, by their names."""

from __future__ import annotations

import os

import pytest

from pytest_interleave.control.scope._places import STDLIB_DIRECTORY, is_stdlib, path_in_packages, short_path


@pytest.mark.parametrize("directory", ["site-packages", "dist-packages"])
def test_installed_packages_are_no_part_of_the_standard_library(directory: str) -> None:
    filename = os.path.join(STDLIB_DIRECTORY, directory, "attr", "_make.py")
    assert not is_stdlib(filename)
    assert path_in_packages(filename) == short_path(filename) == os.path.join("attr", "_make.py")


def test_the_standard_library_is_no_installed_package() -> None:
    filename = os.path.join(STDLIB_DIRECTORY, "queue.py")
    assert is_stdlib(filename)
    assert path_in_packages(filename) == ""
    assert short_path(filename) == "queue.py"
