"""The steps of an execution, and the ways in which they are shown."""

from ._compare import Difference, first_difference
from ._events import Event
from ._rows import SWITCHED
from ._steps import steps_text
from ._table import evidence_lines, interleaving_table
from ._timeline import Arrow, Held, Timeline, timeline_of
from .story._held_up import held_up
from .words._evidence import Evidence

__all__ = [
    "SWITCHED",
    "Arrow",
    "Difference",
    "Event",
    "Evidence",
    "Held",
    "Timeline",
    "evidence_lines",
    "first_difference",
    "held_up",
    "interleaving_table",
    "steps_text",
    "timeline_of",
]
