"""Places as they are written in sentences."""

from __future__ import annotations

import os

from ...control import Place


def short_place(place: Place) -> str:
    """Return a place without its directories, which the table has."""
    return f"{os.path.basename(place.filename)}:{place.lineno}"


def at_place(place: Place, preposition: str = "at") -> str:
    """Return "at bank.py:15"; for a lambda "in the lambda at bank.py:15", as the line may also be that of a caller."""
    is_lambda = place.function.rpartition(".")[2] == "<lambda>"
    return f"{'in the lambda at' if is_lambda else preposition} {short_place(place)}"
