"""Parts of texts that reports and messages share."""

from __future__ import annotations

from collections.abc import Sequence

#: At most this many characters of a line of source text are shown.
_LONGEST = 60


def listed(names: Sequence[str]) -> str:
    """Return names as in a sentence: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def cut(text: str) -> str:
    """Shorten a line of source text."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
