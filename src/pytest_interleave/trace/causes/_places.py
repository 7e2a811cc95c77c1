"""Places as they are written in sentences."""

from __future__ import annotations

import os

from ...control import Place


def short_place(place: Place) -> str:
    """Return a place without its directories, which the table has."""
    return f"{os.path.basename(place.filename)}:{place.lineno}"
