"""Places as they are told in sentences."""

from __future__ import annotations

import os

from ...control import Place


def short_place(place: Place) -> str:
    """Without its directories: the table has them."""
    return f"{os.path.basename(place.filename)}:{place.lineno}"
