"""Which read an update depends on, by the source: only that one must be in one atomic step with the write."""

from __future__ import annotations

from ..causes._overlaps import Access, Torn
from ..causes._slices import Slices
from ._effects import Effects


def by_source(effect: Torn, effects: Effects) -> Torn:
    """Return the update that is lost, if the source says that what is written depends on another read than the last.

    In `y = x; print(x); x = y + 1` that is the first one. Otherwise, the same effect.
    """
    first, between, last, looked = effect
    write = last if last.writes else effects.write_after(last)
    if first.writes or looked or write is None or not between.writes:
        return effect
    filename, line, _ = write.place
    needed = Slices((filename,)).lines_behind(filename, line)
    if not last.writes:
        reads_again = last.place.lineno in needed or first.place.lineno not in needed
        return effect if reads_again else Torn(first, between, write, looked=False)
    source: Access | None = first
    while source is not None and not source.writes and source.place.lineno not in needed:
        source = effects.access_before(source)
    return effect if source is None or source.writes else Torn(source, between, last, looked=False)
