"""Arguments of fixtures: numbers of things, and sizes of memory as people write them."""

from __future__ import annotations

import re

_UNITS = {"": 1, "B": 1}
for _power, _letter in enumerate("kMGT", 1):
    _UNITS[f"{_letter.upper()}B"] = 1000**_power
    _UNITS[f"{_letter.upper()}IB"] = 1024**_power

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Z]*)")


def check_count(name: str, value: object) -> None:
    """Require a whole number of 1 or more; `name` is that of the argument.

    Raises `TypeError` or `ValueError` that names the argument and says what to give.
    """
    __tracebackhide__ = True
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer >= 1, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be >= 1, got {value!r}")


def bytes_of(name: str, size: object) -> int:
    """Return the bytes of `"64MiB"`, `"1.5 GB"` or a number; `name` is that of the argument.

    Raises `TypeError` or `ValueError` that names the argument and says what to write.
    """
    __tracebackhide__ = True
    write = 'write it as "64MiB", "500MB" or "1GiB", or give the number of bytes as an integer'
    if isinstance(size, bool) or not isinstance(size, (int, str)):
        raise TypeError(f"{name}={size!r}: {write}")
    if isinstance(size, str):
        found = _SIZE.fullmatch(size.strip().upper())
        unit = None if found is None else _UNITS.get(found[2])
        if found is None or unit is None:
            raise ValueError(f"{name}={size!r} is not a size: {write}")
        count = int(float(found[1]) * unit)
    else:
        count = size
    if count < 1:
        raise ValueError(f"{name}={size!r} is not a size > 0: {write}")
    return count


def size_in_words(count: int) -> str:
    """Return a number of bytes as people write it, rounded."""
    __tracebackhide__ = True
    for unit, of in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if count >= of:
            return f"{count / of:.1f} {unit}".replace(".0 ", " ")
    return f"{count} bytes"
