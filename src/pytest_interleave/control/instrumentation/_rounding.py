"""Floats in texts for reports: with few digits, but different ones in one row of a table look different."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..identity._values import ALL_DIGITS, DIGITS, MARK, rounded

_FLOAT = re.compile(f"{MARK}=([^{MARK}]+){MARK}")


def with_rounded(text: str, beside: Iterable[str] = ()) -> str:
    """Return a text with its floats rounded, so that they differ from each other and from those in the texts beside."""
    if MARK not in text:
        return text
    floats = {each for several in (text, *beside) for each in _FLOAT.findall(several)}
    texts = _rounded(floats, DIGITS)
    return _FLOAT.sub(lambda found: texts[found[1]], text)


def _rounded(floats: Iterable[str], digits: int) -> dict[str, str]:
    """Return the texts of different floats, with more than `digits` digits for those that would look the same."""
    if digits > ALL_DIGITS:
        return {each: each for each in floats}
    alike: dict[float, dict[str, str]] = {}
    for each in floats:
        text = rounded(float(each), digits)
        # "0.3" looks like "0.3000000".
        alike.setdefault(float(text), {})[each] = text
    texts: dict[str, str] = {}
    for several in alike.values():
        texts.update(several if len(several) == 1 else _rounded(several, digits + 1))
    return texts
