"""Which of the libraries in `examples/real_libraries` are installed, in the version that its file names."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "real_libraries"
FILES = sorted(FOLDER.glob("test_*.py"))


def library(path: Path) -> tuple[str, str]:
    """Return the name and the version of a file's library. Its docstring begins with them."""
    found = re.match(r'"""(\S+) (\S+), unmodified: ', path.read_text(encoding="utf-8"))
    assert found is not None, path.name
    return found[1], found[2]


def missing(path: Path) -> str:
    """Return why the file cannot be run here, or nothing."""
    name, wanted = library(path)
    try:
        installed = version(name)
    except PackageNotFoundError:
        return f"{name} is not installed: pip install --group libraries"
    return "" if installed == wanted else f"{name} {installed} is installed, not {wanted}"
