"""Numbers of things, as arguments."""

from __future__ import annotations


def check_count(name: str, value: object) -> None:
    """Require a whole number of 1 or more; `name` is that of the argument.

    Raises `TypeError` or `ValueError` that names it and says what to give.
    """
    __tracebackhide__ = True
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}={value!r}: give a whole number")
    if value < 1:
        raise ValueError(f"{name}={value!r}: give 1 or more")
