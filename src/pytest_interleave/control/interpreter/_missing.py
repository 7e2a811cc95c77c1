"""Whether this interpreter is one whose threads can be controlled. Imports nothing that only such a one has."""

from __future__ import annotations

import functools
import sys

#: Other implementations of Python, as they write their names.
_NAMES = {"graalpy": "GraalPy", "pypy": "PyPy", "rustpython": "RustPython"}


@functools.cache
def missing_for_control() -> str | None:
    """A clause that says why this interpreter's threads cannot be controlled; None where they can be."""
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
