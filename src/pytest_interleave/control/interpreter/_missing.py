"""Whether threads can be controlled on this interpreter. Imports nothing that only such an interpreter has."""

from __future__ import annotations

import functools
import sys

#: The names of other implementations of Python, as these write them.
_NAMES = {"graalpy": "GraalPy", "pypy": "PyPy", "rustpython": "RustPython"}


@functools.cache
def missing_for_control() -> str | None:
    """Return a clause that says why this interpreter's threads cannot be controlled, or None if they can."""
    implementation = sys.implementation
    if implementation.name != "cpython":
        major, minor, *_ = getattr(sys, "pypy_version_info", implementation.version)
        return f"this is {_NAMES.get(implementation.name, implementation.name)} {major}.{minor}"
    if sys.maxsize < 2**32:
        # Memory is read in words of 64 bits.
        return "this one has 32 bits"
    try:
        import ctypes  # noqa: F401
    except ImportError:
        return "this one has no module ctypes"
    return None
