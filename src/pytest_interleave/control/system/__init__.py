"""Stand-ins for the functions by which threads use files, databases, sockets and processes; each use is recorded."""

from ._in_place import InPlace
from ._processes import ENDED, STARTED
from ._uses import APPEND, ENTRY, EXCHANGE, LIST, READ, SCAN, WRITE, Thing, Use, unrecorded

__all__ = [
    "APPEND",
    "ENDED",
    "ENTRY",
    "EXCHANGE",
    "LIST",
    "READ",
    "SCAN",
    "STARTED",
    "WRITE",
    "InPlace",
    "Thing",
    "Use",
    "unrecorded",
]
