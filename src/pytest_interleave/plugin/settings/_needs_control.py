"""Errors if threads cannot be controlled: on an interpreter other than CPython, or without `ctypes`."""

from __future__ import annotations

from ...control.interpreter import missing_for_control


def needs_control(what: str, instead: str) -> str | None:
    """Return the error of a test or an option that needs threads under control; None if they can be controlled.

    `instead` says what to do, but for using another Python.
    """
    missing = missing_for_control()
    if missing is None:
        return None
    return (
        f"{what}: controlling threads requires a 64-bit CPython with the module ctypes, and {missing}. "
        f"Use such a Python, or {instead}; unmarked tests run as usual"
    )
